"""The flags of ``submit``. Names, variables and defaults up to ``--dry-run`` are a contract."""

from typing import Final

from airflow_fargate_batch.cli._flags import CONNECTION, WAITING, Flag, Groups, not_empty
from airflow_fargate_batch.cli._secret_names import SECRET_NAMES
from airflow_fargate_batch.core.naming import DEFAULT_PREFIX

WHAT: Final = (
    Flag(
        name="--job-queue",
        metavar="QUEUE",
        argument="job_queue",
        variable="AWS_BATCH_JOB_QUEUE",
        default="awa-batch-dev-fargate-high-priority",
        help="job queue, by name or ARN",
    ),
    Flag(
        name="--job-definition",
        metavar="DEFINITION",
        argument="job_definition",
        variable="AWS_BATCH_JOB_DEFINITION",
        default="awa-batch-dev-fargate-sample",
        help="job definition: a name for its newest active revision, NAME:REVISION, or an ARN",
    ),
    Flag(
        name="--job-name-prefix",
        metavar="PREFIX",
        argument="job_name_prefix",
        variable="AWS_BATCH_JOB_NAME_PREFIX",
        default=DEFAULT_PREFIX,
        help="prefix of the job name; a unique token is appended",
    ),
    Flag(
        name="--job-name",
        metavar="NAME",
        argument="job_name",
        help="exact job name, instead of prefix and token",
    ),
)

FROM_FILE: Final = (
    Flag(
        name="--from-file",
        metavar="FILE",
        help="submit one job for each line of a file: a JSON object with job_name, vcpu, command "
        "and so on. Flags are the defaults for members missing from a line. If you run the command "
        "again, it submits only requests that are missing or failed; with another "
        "--idempotency-key it submits all of them",
    ),
)

FROM_JSON: Final = (
    Flag(
        name="--from-json",
        metavar="FILE",
        help="submit the request in a JSON file (the form of 'aws batch submit-job "
        "--cli-input-json'); - reads stdin. Flags override the file, key by key; environment "
        "variables and defaults do not",
    ),
)

SIZE: Final = (
    Flag(
        name="--vcpu",
        metavar="N",
        argument="vcpu",
        help="vCPU: 0.25, 0.5, 1, 2, 4, 8, 16 or 32; if not given, the job definition decides",
    ),
    Flag(
        name="--memory",
        metavar="MIB",
        argument="memory",
        help='memory in MiB, or as "4 GB"; if not given, the job definition decides; '
        "'fargate-batch sizes' lists the valid pairs",
    ),
    Flag(
        name="--size-policy",
        metavar="POLICY",
        argument="size_policy",
        default="strict",
        help="strict refuses any size that Fargate does not have; round_up uses the smallest "
        "Fargate size with at least that vCPU and memory",
    ),
    Flag(
        name="--platform-version",
        metavar="VERSION",
        argument="platform_version",
        default="LATEST",
        help="Fargate platform version to check the size against; never sent to AWS, because only "
        "a job definition can set the version",
    ),
)

CONTAINER: Final = (
    Flag(
        name="--command",
        metavar="JSON",
        argument="command",
        help='command to run, as a JSON list: \'["echo", "hello"]\'',
        example='["echo", "hello"]',
    ),
    Flag(
        name="--environment",
        metavar="JSON",
        argument="environment",
        help='environment variables, as a JSON object: \'{"STAGE": "dev"}\'',
        example='{"STAGE": "dev"}',
    ),
    Flag(
        name="--parameters",
        metavar="JSON",
        argument="parameters",
        help="job parameters, as a JSON object; they replace Ref::NAME in the definition's command",
        example='{"day": "2026-01-31"}',
    ),
    Flag(
        name="--parameters-file",
        metavar="FILE",
        argument="parameters_file",
        help="JSON file of job parameters; --parameters overrides the file, key by key",
    ),
    Flag(
        name="--container-overrides-file",
        metavar="FILE",
        argument="container_overrides_file",
        help="JSON file of containerOverrides; flags override the file, key by key, and the other "
        "keys are sent unchanged",
    ),
    Flag(
        name="--container",
        metavar="NAME",
        argument="container",
        help="container that --vcpu, --memory, --command, --environment and "
        "--container-overrides-file are for, if the job definition has ecsProperties; if not "
        "given, the only one in --ecs-properties-override",
    ),
    Flag(
        name="--ecs-properties-override",
        metavar="JSON",
        argument="ecs_properties_override",
        help="the API's ecsPropertiesOverride, as a JSON object, for several containers; other "
        "flags override it, key by key",
        example='{"taskProperties": [{"containers": [{"name": "main"}]}]}',
    ),
)

SCHEDULING: Final = (
    Flag(
        name="--share-identifier",
        metavar="NAME",
        argument="share_identifier",
        variable="AWS_BATCH_SHARE_IDENTIFIER",
        help="share identifier; required by fair-share queues, refused by other queues",
    ),
    Flag(
        name="--scheduling-priority",
        metavar="N",
        argument="scheduling_priority",
        variable="AWS_BATCH_SCHEDULING_PRIORITY",
        help="priority within the share, 0 to 9999; if not given, the priority is 0 with a share "
        "identifier and not sent otherwise",
    ),
    Flag(
        name="--depends-on",
        metavar="ID,ID",
        argument="depends_on",
        help="ids of the jobs to wait for, at most 20; or AWS's shorthand, jobId=ID,type=N_TO_N",
    ),
    Flag(
        name="--array-size",
        metavar="N",
        argument="array_size",
        help="submit an array of N jobs, 2 to 10000",
    ),
    Flag(
        name="--retry-attempts",
        metavar="N",
        argument="retry_strategy",
        help="maximum number of attempts, 1 to 10",
    ),
    Flag(
        name="--spot-retries",
        metavar="N",
        argument="spot_retries",
        help="retry the job up to N times (0 to 9) if Fargate Spot reclaims the task; do not retry "
        "other failures",
    ),
    Flag(
        name="--retry-strategy",
        metavar="JSON",
        argument="retry_strategy",
        help="the API's retryStrategy, as a JSON object with attempts and evaluateOnExit",
        example='{"attempts": 3}',
    ),
    Flag(
        name="--job-timeout",
        metavar="SECONDS",
        argument="job_timeout",
        help="AWS Batch terminates an attempt that runs longer than this; at least 60",
    ),
)


AGAIN: Final = (
    Flag(
        name="--idempotency-key",
        metavar="KEY",
        read=not_empty,
        help="any text that identifies this job. If an earlier call with this key (same "
        "queue, same name or prefix) made a job that is running or has succeeded, its id is "
        "returned and no new job is submitted. The search takes up to 30 seconds",
    ),
)

WAIT: Final = (
    Flag(
        name="--wait",
        kind="switch",
        help="wait until the job ends; the exit code is 0 only if it succeeded",
    ),
    *WAITING,
)

TAGS: Final = (
    Flag(
        name="--tags",
        metavar="JSON",
        argument="tags",
        help="tags of the job, as a JSON object",
        example='{"team": "data"}',
    ),
    Flag(
        name="--propagate-tags",
        kind="yes-no",
        argument="propagate_tags",
        help="copy the tags to the ECS task; if not given, the job definition decides",
    ),
)

OTHER: Final = (
    Flag(
        name="--consumable-resources",
        metavar="JSON",
        argument="consumable_resources",
        help="consumable resources that the job needs, as a JSON object from name to quantity",
        example='{"licence": 2}',
    ),
    Flag(
        name="--extra-submit-args",
        metavar="JSON",
        argument="extra_submit_args",
        help="other members of SubmitJob, as a JSON object with the API's names",
    ),
)

OUTPUT: Final = (
    Flag(
        name="--dry-run",
        kind="switch",
        help="submit nothing; write the request as JSON for 'aws batch submit-job "
        "--cli-input-json'; needs no credentials. Secrets are struck out on a terminal; to write "
        "a request with secrets to a file or a pipe, add --show-secrets",
    ),
    Flag(
        name="--show-secrets",
        kind="switch",
        help="with --dry-run, write the request with its secrets",
    ),
    SECRET_NAMES,
    Flag(
        name="--output",
        metavar="FORMAT",
        choices=("text", "json"),
        default="text",
        help="text writes only the job id; json writes an object with the members listed below",
    ),
)

FLAGS: Final[Groups] = {
    "what to run": WHAT,
    "a request in a file": FROM_JSON,
    "many jobs at once": FROM_FILE,
    "size": SIZE,
    "container": CONTAINER,
    "scheduling": SCHEDULING,
    "tags": TAGS,
    "other members of SubmitJob": OTHER,
    "calling again": AGAIN,
    "waiting": WAIT,
    "AWS": CONNECTION,
    "output": OUTPUT,
}

COMMON: Final = (
    "--job-queue",
    "--job-definition",
    "--job-name",
    "--vcpu",
    "--memory",
    "--command",
    "--environment",
    "--depends-on",
    "--array-size",
    "--wait",
    "--region",
    "--dry-run",
    "--help-all",
)
"""Flags explained by ``--help``; the help only names the rest."""

EXAMPLES: Final = """\
examples:
  submit a job with 1 vCPU and 2 GB, and keep the job id
    job=$({prog} --job-queue Q --job-definition D --vcpu 1 --memory 2048)

  run another command with other variables after that job has succeeded
    {prog} --job-queue Q --job-definition D --depends-on $job \\
      --command '["python", "report.py"]' --environment '{{"STAGE": "dev"}}'
"""

EXIT_CODES: Final = """\
Job ids and JSON go to stdout, messages to stderr.
exit codes: 0 done; 1 AWS refused, or with --wait the job failed or took too long; 2 bad usage or an
invalid request; 130 interrupted (a submitted job keeps running)."""

SHORT_EPILOG: Final = f"{EXAMPLES}\n{EXIT_CODES}"

EPILOG: Final = f"""\
{EXAMPLES}
  submit an array of ten jobs to a fair-share queue; AWS_BATCH_JOB_ARRAY_INDEX numbers the jobs
    {{prog}} --job-queue Q --job-definition D --share-identifier A1 --array-size 10

  write the request now, submit later with the AWS CLI
    {{prog}} --job-definition D --dry-run > job.json
    aws batch submit-job --cli-input-json file://job.json

  check and submit a request that was written for the AWS CLI, with a longer timeout
    {{prog}} --from-json job.json --job-timeout 7200

  submit one job a day, from a script that may run again or retry
    key="report $(date +%F)"
    for try in 1 2 3; do job=$({{prog}} --job-definition D --idempotency-key "$key") && break; done
    fargate-batch wait "$job"

  submit a job for each line of a file and wait for all jobs; run again to submit missing jobs
    {{prog}} --job-queue Q --job-definition D --from-file jobs.jsonl --wait

{{json}}
{EXIT_CODES}"""
