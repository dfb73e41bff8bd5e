"""Every way AWS says that a job has failed is told apart, with what to do about it."""

from typing import Any

import pytest

from airflow_fargate_batch import exceptions
from airflow_fargate_batch.core._failure_rules import RULES
from airflow_fargate_batch.core.failure import FailureKind, diagnose, diagnose_stuck
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.exceptions import JobFailed
from tests.core.reporting import report

EXITED = "Essential container in task exited"
ECR_TIMEOUT = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource"
    " retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3"
    ' time(s): RequestError: send request failed caused by: Post "https://api.ecr.us-east-2'
    '.amazonaws.com/": dial tcp 10.0.0.1:443: i/o timeout. Please check your task network'
    " configuration."
)
ECR_CONNECTION = (
    "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull"
    " registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR."
    " Check your task network configuration."
)
ECR_DENIED = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource"
    " retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1"
    " time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/r/t is not"
    " authorized to perform: ecr:GetAuthorizationToken on resource: *"
)
SECRET_TIMEOUT = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource"
    " retrieval failed: unable to retrieve secret from asm: service call has been retried 5"
    " time(s): failed to fetch secret arn:aws:secretsmanager:us-west-2:1:secret:s from secrets"
    " manager: RequestCanceled: request context canceled caused by: context deadline exceeded."
    " Please check your task network configuration."
)
SECRET_JSON = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource"
    " retrieval failed: unable to retrieve secret from asm: service call has been retried 1"
    " time(s): invalid character '\\'' looking for beginning of value"
)
SECRET_MISSING = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource"
    " retrieval failed: unable to retrieve secret from asm: service call has been retried 1"
    " time(s): ResourceNotFoundException: Secrets Manager can't find the specified secret."
)
LOG_GROUP_MISSING = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried"
    " 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified"
    " log group does not exist. : exit status 1"
)
LOGS_DENIED = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried"
    " 1 times: failed to create Cloudwatch log stream: AccessDeniedException: User: arn is not"
    " authorized to perform: logs:CreateLogStream on resource: arn : exit status 1"
)
LOGS_UNREACHABLE = "ResourceInitializationError: failed to validate logger args: : signal: killed"
PULL_TIMEOUT = (
    "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve"
    " ref docker.io/library/i:1: failed to do request: Head"
    ' "https://registry-1.docker.io/v2/library/i/manifests/1": dial tcp 34.205.13.154:443: i/o'
    " timeout"
)
PULL_CANCELED = (
    "CannotPullContainerError: Error response from daemon: Get https://r/v2/: net/http: request"
    " canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"
)
PULL_RATE = (
    "CannotPullContainerError: inspect image has been retried 5 time(s): httpReadSeeker: failed"
    " open: unexpected status code https://registry-1.docker.io/v2/library/i/manifests/1: 429 Too"
    " Many Requests - Server message: toomanyrequests: You have reached your pull rate limit."
)
PULL_NOT_FOUND = (
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve"
    " ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/i:nope: not found"
)
MANIFEST_UNKNOWN = (
    "CannotPullImageManifestError: Error response from daemon: manifest unknown: manifest unknown"
)
MANIFEST_RATE = (
    "CannotPullImageManifestError: Error response from daemon: toomanyrequests: Request exceeded"
    " pull rate limit for IP 192.0.2.1"
)
PULL_ACCESS = (
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve"
    " ref docker.io/team/i:1: pull access denied, repository does not exist or may require"
    " authorization: server message: insufficient_scope: authorization failed"
)
PULL_FORBIDDEN = (
    "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy:"
    " httpReadSeeker: failed open: unexpected status code https://r/i: 403 Forbidden"
)
PULL_PLATFORM = (
    "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does"
    " not contain descriptor matching platform 'linux/amd64'"
)
START_NOT_FOUND = (
    "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime"
    " task: failed to create shim task: OCI runtime create failed: runc create failed: unable to"
    ' start container process: exec: "pyhton": executable file not found in $PATH: unknown'
)
CAPACITY = (
    "Capacity is unavailable at this time. Please try again later or in a different availability"
    " zone"
)
NO_ADDRESS = (
    "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment"
    " disabled in subnet 'subnet-1': InsufficientFreeAddressesInSubnet"
)
ASSUME = (
    "ECS was unable to assume the role 'arn:aws:iam::1:role/r' that was provided for this task."
    " Please verify that the role being passed has the proper trust relationship and permissions"
)
LIMIT_ACTION = "Canceled by JobStateTimeLimit action due to reason: "
K = FailureKind


def failed(
    status_reason: str | None = None,
    reason: str | None = None,
    code: int | None = None,
    **more: Any,
) -> Job:
    """Make a failed job as DescribeJobs tells of it."""
    container = {"reason": reason, "exitCode": code}
    return Job.from_api(
        {
            "jobId": "j",
            "status": "FAILED",
            "statusReason": status_reason,
            "container": container,
            **more,
        }
    )


# fmt: off
CASES = [
    pytest.param(failed("Your Spot Task was interrupted."), K.SPOT_RECLAIM, id="Spot"),
    pytest.param(
        failed("Your Spot Task was interrupted.", code=137),
        K.SPOT_RECLAIM,
        id="Spot, not out of memory",
    ),
    pytest.param(
        failed("Job attempt duration exceeded timeout", code=137),
        K.TIMEOUT,
        id="timeout, not out of memory",
    ),
    pytest.param(
        failed("Enough", code=137, isTerminated=True),
        K.KILLED,
        id="terminated, not out of memory",
    ),
    pytest.param(failed("Enough", isCancelled=True), K.KILLED, id="cancelled"),
    pytest.param(failed(EXITED, code=143), K.KILLED, id="SIGTERM"),
    pytest.param(failed("Dependent Job failed"), K.DEPENDENCY, id="dependency"),
    pytest.param(failed("Array Child Job failed"), K.CHILDREN, id="array"),
    pytest.param(
        failed(LIMIT_ACTION + "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", isCancelled=True),
        K.INFRASTRUCTURE,
        id="time limit: capacity",
    ),
    pytest.param(
        failed(LIMIT_ACTION + "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", isCancelled=True),
        K.CONFIGURATION,
        id="time limit: too big",
    ),
    pytest.param(
        failed("Terminated by JobStateTimeLimit: MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS"),
        K.CONFIGURATION,
        id="time limit: service role",
    ),
    pytest.param(
        failed("ACTION_REQUIRED - CE(s) associated with the job queue are invalid."),
        K.CONFIGURATION,
        id="invalid environment",
    ),
    pytest.param(
        failed("Container Overrides length must be at most 8192"),
        K.CONFIGURATION,
        id="overrides",
    ),
    pytest.param(failed("Number of tags exceeds 50"), K.CONFIGURATION, id="tags"),
    *(
        pytest.param(failed(text), kind, id=name)
        for name, text, kind in [
            ("ECR timeout", ECR_TIMEOUT, K.INFRASTRUCTURE),
            ("ECR connection", ECR_CONNECTION, K.INFRASTRUCTURE),
            ("ECR denied", ECR_DENIED, K.CONFIGURATION),
            ("secret timeout", SECRET_TIMEOUT, K.INFRASTRUCTURE),
            ("secret is no JSON", SECRET_JSON, K.CONFIGURATION),
            ("secret missing", SECRET_MISSING, K.CONFIGURATION),
            ("log group missing", LOG_GROUP_MISSING, K.CONFIGURATION),
            ("logs denied", LOGS_DENIED, K.CONFIGURATION),
            ("logs unreachable", LOGS_UNREACHABLE, K.INFRASTRUCTURE),
            ("init, other", "ResourceInitializationError: odd", K.INFRASTRUCTURE),
            ("no interface", "Timeout waiting for network interface provisioning to complete.",
             K.INFRASTRUCTURE),
            ("no address", NO_ADDRESS, K.INFRASTRUCTURE),
            ("capacity", CAPACITY, K.INFRASTRUCTURE),
            ("quota", "You've reached the limit on the number of vCPUs you can run"
             " concurrently", K.INFRASTRUCTURE),
            ("maintenance", "ECS is performing maintenance on the underlying infrastructure"
             " hosting the task", K.INFRASTRUCTURE),
            ("role", ASSUME, K.CONFIGURATION),
        ]
    ),
    *(
        pytest.param(failed("Task failed to start", text), kind, id=name)
        for name, text, kind in [
            ("pull timeout", PULL_TIMEOUT, K.INFRASTRUCTURE),
            ("pull canceled", PULL_CANCELED, K.INFRASTRUCTURE),
            ("pull rate", PULL_RATE, K.INFRASTRUCTURE),
            ("pull not found", PULL_NOT_FOUND, K.CONFIGURATION),
            ("pull manifest unknown", MANIFEST_UNKNOWN, K.CONFIGURATION),
            ("pull manifest rate", MANIFEST_RATE, K.INFRASTRUCTURE),
            ("pull access", PULL_ACCESS, K.CONFIGURATION),
            ("pull forbidden", PULL_FORBIDDEN, K.CONFIGURATION),
            ("pull platform", PULL_PLATFORM, K.CONFIGURATION),
            ("pull disk", "CannotPullContainerError: write /x: no space left on device",
             K.CONFIGURATION),
            ("pull, other", "CannotPullContainerError: odd", K.INFRASTRUCTURE),
            ("start: no command", START_NOT_FOUND, K.CONFIGURATION),
            ("start: other", "CannotStartContainerError: failed to get container status: odd",
             K.INFRASTRUCTURE),
            ("runtime timeout", "ContainerRuntimeTimeoutError: Could not transition to running;"
             " timed out after waiting 1m: odd", K.INFRASTRUCTURE),
            ("inspect", "CannotInspectContainerError: Could not transition to inspecting",
             K.INFRASTRUCTURE),
        ]
    ),
    pytest.param(
        failed(EXITED, "OutOfMemoryError: Container killed due to memory usage", 137),
        K.OUT_OF_MEMORY,
        id="out of memory",
    ),
    pytest.param(failed(EXITED, code=137), K.OUT_OF_MEMORY, id="137 alone"),
    pytest.param(failed(EXITED, code=127), K.CONFIGURATION, id="127"),
    pytest.param(failed(EXITED, code=126), K.CONFIGURATION, id="126"),
    pytest.param(failed(EXITED, "exec format error", 1), K.CONFIGURATION, id="exec format"),
    pytest.param(failed(EXITED, code=139), K.USER_CODE, id="segmentation fault"),
    pytest.param(failed(EXITED, code=1), K.USER_CODE, id="1"),
    pytest.param(failed(EXITED, code=13), K.USER_CODE, id="13 is not 137"),
    pytest.param(failed(EXITED), K.USER_CODE, id="exited, no code"),
    pytest.param(failed("Something AWS never said before"), K.UNKNOWN, id="unknown"),
    pytest.param(failed(), K.UNKNOWN, id="nothing at all"),
    pytest.param(failed(code=0), K.UNKNOWN, id="exit code 0"),
]
# fmt: on


@pytest.mark.parametrize(("job", "kind"), CASES)
def test_a_failure_is_told_by_what_aws_says(job: Job, kind: FailureKind) -> None:
    assert diagnose(job).kind is kind


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [
        pytest.param(kind, kind not in {K.CONFIGURATION, K.DEPENDENCY}, id=kind.name)
        for kind in FailureKind
    ],
)
def test_only_what_fails_again_for_certain_is_not_retried(
    kind: FailureKind, retryable: bool
) -> None:
    assert kind.retryable == retryable
    assert issubclass(kind.exception, JobFailed)


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        pytest.param({"container": {"exitCode": 137}}, K.OUT_OF_MEMORY, id="exit code"),
        pytest.param({"container": {"reason": PULL_PLATFORM}}, K.CONFIGURATION, id="reason"),
        pytest.param({"statusReason": "Dependent Job failed"}, K.DEPENDENCY, id="status reason"),
    ],
)
def test_where_the_job_is_silent_its_last_attempt_speaks(
    last: dict[str, Any], kind: FailureKind
) -> None:
    attempts = [{"statusReason": "Your Spot Task was interrupted."}, last]
    assert diagnose(failed(attempts=attempts)).kind is kind


def test_an_earlier_attempts_reason_is_not_the_jobs() -> None:
    attempts = [{"statusReason": "Your Spot Task was interrupted.", "container": {"exitCode": 1}}]
    assert diagnose(failed("Enough", attempts=attempts, isTerminated=True)).kind is K.KILLED


def test_out_of_memory_advises_the_next_size() -> None:
    requirements = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "8192"}]
    container = {"exitCode": 137, "resourceRequirements": requirements}
    assert diagnose(failed(EXITED, container=container)).advice == (
        "Set more `memory`. The next size above its 8192 MiB is 2 vCPU with 9216 MiB."
    )


def test_beyond_the_largest_size_no_next_one_is_advised() -> None:
    requirements = [{"type": "VCPU", "value": "32"}, {"type": "MEMORY", "value": "249856"}]
    container = {"exitCode": 137, "resourceRequirements": requirements}
    assert diagnose(failed(EXITED, container=container)).advice == "Set more `memory`."


@pytest.mark.parametrize(
    ("status", "reason", "stuck"),
    [
        pytest.param(
            "RUNNABLE",
            "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job"
            " queue cannot meet the CPU requirement of the job.",
            True,
            id="too big",
        ),
        pytest.param("RUNNABLE", "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - x", True, id="role"),
        pytest.param("RUNNABLE", "MISCONFIGURATION:SOMETHING_NEW - x", True, id="new"),
        pytest.param("RUNNABLE", "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", False, id="capacity"),
        pytest.param("RUNNABLE", "UNDETERMINED - Batch job is blocked", False, id="undetermined"),
        pytest.param("RUNNABLE", None, False, id="silent"),
        pytest.param("STARTING", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", False, id="moved on"),
    ],
)
def test_a_runnable_job_is_stuck_for_good_only_if_misconfigured(
    status: str, reason: str | None, stuck: bool
) -> None:
    job = Job.from_api({"jobId": "j", "status": status, "statusReason": reason})
    failure = diagnose_stuck(job)
    assert (failure is not None) == stuck
    assert failure is None or failure.kind is K.CONFIGURATION


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.cause)
def test_cause_and_advice_are_sentences_that_fit_an_alert(rule: Any) -> None:
    assert len(rule.cause) <= 100
    assert not rule.cause.endswith(".")
    assert rule.advice.endswith(".")


def test_the_report_begins_with_a_line_for_an_alert_and_ends_with_what_to_do() -> None:
    job = failed(
        EXITED,
        code=3,
        jobArn="arn:aws:batch:eu-west-1:123456789012:job/j",
        attempts=[
            {"statusReason": "Your Spot Task was interrupted."},
            {"statusReason": EXITED, "container": {"exitCode": 3, "reason": "boom"}},
        ],
    )
    text = report(
        job,
        task="daily.load",
        log_lines=["Traceback …", "KeyError: 'id'"],
    )
    assert text.splitlines() == [
        "daily.load: job j failed with exit code 3: the program ended with an error",
        f"AWS says: {EXITED}",
        "AWS says: boom",
        "Attempt 1: Your Spot Task was interrupted.",
        "Attempt 2: exit code 3, boom",
        "Last log lines:",
        "  Traceback …",
        "  KeyError: 'id'",
        "Console: https://console.aws.amazon.com/batch/home?region=eu-west-1#jobs/detail/j",
        "What to do: Read the last log lines of the job: the program usually reports the reason "
        "there.",
    ]


def test_the_report_of_a_job_that_never_started_leaves_out_what_is_not_known() -> None:
    assert report(failed("Dependent Job failed")).splitlines() == [
        "job j failed: a dependency of the job failed",
        "AWS says: Dependent Job failed",
        "What to do: Fix the job that this job depends on, then run both again (in Airflow, "
        "clear both "
        "tasks).",
    ]


def test_the_report_of_an_array_tells_of_ten_failed_children() -> None:
    children = [
        Job.from_api({"jobId": f"j:{index}", "container": {"exitCode": 1, "reason": "boom"}})
        for index in range(12)
    ]
    lines = report(
        failed("Array Child Job failed", arrayProperties={"size": 50}), failed_children=children
    ).splitlines()
    assert lines[2:5] == [
        "Failed children: 12 of 50",
        "  j:0: exit code 1, boom",
        "  j:1: exit code 1, boom",
    ]
    assert lines[12:14] == ["  j:9: exit code 1, boom", "  and 2 more"]


def array() -> Job:
    return failed("Array Child Job failed", arrayProperties={"size": 50})


def child(index: int, status_reason: str = EXITED, code: int | None = None) -> Job:
    """Make an array's failed child as ListJobs tells of it."""
    members = {"jobId": f"j:{index}", "status": "FAILED", "statusReason": status_reason}
    return Job.from_api({**members, "container": {"exitCode": code}})


DEPENDENT = child(9, "Dependent Job failed")


@pytest.mark.parametrize(
    ("children", "kind", "cause"),
    [
        pytest.param([], K.CHILDREN, "children of the array failed", id="not known"),
        pytest.param(
            [child(0, code=1), child(1, code=1)],
            K.CHILDREN,
            "the program ended with an error (all 2 children that failed)",
            id="all by their program",
        ),
        pytest.param(
            [child(0, code=127), child(1, code=127)],
            K.CONFIGURATION,
            "the command was not found in the image (all 2 children that failed)",
            id="all by their configuration",
        ),
        pytest.param(
            [child(0, code=127), child(1, code=127), child(2, code=1)],
            K.CHILDREN,
            "the command was not found in the image (2 of the 3 children that failed)",
            id="most by their configuration",
        ),
        pytest.param(
            [child(0, code=1), DEPENDENT, DEPENDENT],
            K.CHILDREN,
            "the program ended with an error (1 of the 3 children that failed)",
            id="one, and it took the others along",
        ),
        pytest.param(
            [DEPENDENT],
            K.DEPENDENCY,
            "a dependency of the job failed (the one child that failed)",
            id="another array took all along",
        ),
    ],
)
def test_an_array_fails_of_what_its_children_fail_of(
    children: list[Job], kind: FailureKind, cause: str
) -> None:
    failure = diagnose(array(), children)
    assert (failure.kind, failure.cause) == (kind, cause)


def test_children_whose_quotes_differ_have_one_cause() -> None:
    children = [child(index, f"CannotPullContainerError: odd {index}") for index in range(3)]
    failure = diagnose(array(), [*children, child(3, code=1)])
    assert failure.cause == (
        'the image could not be pulled: "CannotPullContainerError: odd 0" '
        "(3 of the 4 children that failed)"
    )


def test_an_array_told_to_stop_was_not_failed_by_its_children() -> None:
    stopped = failed("Enough", isTerminated=True, arrayProperties={"size": 2})
    assert diagnose(stopped, [child(0, code=127)]).kind is K.KILLED


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ([5, 5], " with exit code 5: the program ended with an error (all 2 children that failed)"),
        ([5, 6], ": the program ended with an error (all 2 children that failed)"),
    ],
)
def test_the_report_of_an_array_begins_with_cause_and_the_exit_code_if_it_is_one(
    codes: list[int], said: str
) -> None:
    children = [child(index, code=code) for index, code in enumerate(codes)]
    assert report(array(), failed_children=children).splitlines()[0] == f"job j failed{said}"


@pytest.mark.parametrize(
    ("arn", "configuration", "shown"),
    [
        ("arn:aws:batch:eu-west-1:123456789012:job/j", {}, True),
        ("nonsense", {}, False),
        (None, {}, False),
        ("arn:aws:batch:eu-west-1:123456789012:job/j", {"logDriver": "splunk"}, False),
    ],
    ids=["CloudWatch", "odd ARN", "no ARN", "elsewhere"],
)
def test_the_report_links_the_last_attempts_log(
    arn: str | None, configuration: dict[str, str], shown: bool
) -> None:
    container = {"exitCode": 1, "logStreamName": "d/default/2", "logConfiguration": configuration}
    attempts = [{"container": {"exitCode": 1, "logStreamName": "d/default/1"}}]
    lines = report(failed(EXITED, container=container, attempts=attempts, jobArn=arn)).splitlines()
    links = [line for line in lines if line.startswith("Log: ")]
    assert [link.endswith("/log-events/d$252Fdefault$252F2") for link in links] == [True] * shown


@pytest.mark.parametrize(
    ("reason", "exception"),
    [
        (PULL_NOT_FOUND, exceptions.ImageNotPulled),
        (PULL_PLATFORM, exceptions.ImageNotPulled),
        (PULL_RATE, exceptions.ImageNotPulled),
        ("CannotPullContainerError: odd", exceptions.ImageNotPulled),
        ("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", exceptions.NoCapacity),
        ("ResourceInitializationError: odd", exceptions.InfrastructureFailed),
    ],
)
def test_images_and_capacity_have_exceptions_whoever_has_to_act(
    reason: str, exception: type[exceptions.JobFailed]
) -> None:
    assert diagnose(failed(statusReason=reason)).exception is exception
