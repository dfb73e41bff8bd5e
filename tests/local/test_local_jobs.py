from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_QUEUE

Submit = Callable[..., str]
Describe = Callable[[str], dict[str, Any]]
ALL_OF_IT = 8.5
"""Seconds from SubmitJob to SUCCEEDED at the default pace."""


def test_a_job_passes_through_the_states(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    job_id = submit()
    seen = [describe(job_id)["status"]]
    for _ in range(18):
        aws.advance(0.5)
        seen.append(describe(job_id)["status"])
    changes = [seen[0], *(after for before, after in pairwise(seen) if after != before)]
    assert changes == ["SUBMITTED", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


def test_looking_seldom_or_often_makes_no_difference(submit: Submit, aws: LocalBatch) -> None:
    job_id = submit()
    aws.advance(1000)
    [job] = aws.jobs
    assert job["jobId"] == job_id
    assert job["startedAt"] - job["createdAt"] == pytest.approx(3500, abs=1)
    assert job["stoppedAt"] - job["createdAt"] == pytest.approx(8500, abs=1)


def test_the_log_stream_is_known_once_the_job_runs(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    job_id = submit()
    aws.advance(3)
    assert describe(job_id)["status"] == "STARTING"
    assert "logStreamName" not in describe(job_id)["container"]
    aws.advance(1)
    stream = describe(job_id)["container"]["logStreamName"]
    assert stream.startswith("awa-batch-dev-fargate-sample/default/")


def test_overrides_are_laid_over_the_definition(submit: Submit, describe: Describe) -> None:
    job_id = submit(
        parameters={"day": "2026-01-01"},
        containerOverrides={
            "command": ["run", "--day=Ref::day", "Ref::other"],
            "environment": [{"name": "A", "value": "1"}],
            "resourceRequirements": [{"type": "MEMORY", "value": "1024"}],
        },
    )
    container = describe(job_id)["container"]
    assert container["command"] == ["run", "--day=2026-01-01", "Ref::other"]
    assert container["environment"] == [{"name": "A", "value": "1"}]
    assert {r["type"]: r["value"] for r in container["resourceRequirements"]} == {
        "VCPU": "0.25",
        "MEMORY": "1024",
    }


# ── how a job ends ───────────────────────────────────────────────────────────────────────────


def test_a_script_says_how_a_job_ends(aws: LocalBatch, submit: Submit, describe: Describe) -> None:
    aws.script("big*", exit_code=137, reason="OutOfMemoryError: Container killed", runtime=2)
    job_id, other = submit("big-one"), submit("small-one")
    aws.advance(ALL_OF_IT)
    job = describe(job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "Essential container in task exited")
    assert job["container"]["exitCode"] == 137
    assert job["container"]["reason"] == "OutOfMemoryError: Container killed"
    assert job["stoppedAt"] - job["startedAt"] == pytest.approx(2000, abs=1)
    assert describe(other)["status"] == "SUCCEEDED"


def test_a_container_that_never_starts_leaves_no_stream_and_no_exit_code(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    reason = "CannotPullContainerError: pull image manifest has been retried"
    aws.script(starts=False, reason=reason, status_reason="Task failed to start")
    job_id = submit()
    aws.advance(ALL_OF_IT)
    job = describe(job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert job["container"]["reason"] == reason
    assert not {"exitCode", "logStreamName"} & set(job["container"])
    assert "startedAt" not in job


def test_a_job_may_be_stuck_in_runnable(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    aws.script(stuck_in="RUNNABLE", status_reason="MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
    job_id = submit()
    aws.advance(100_000)
    job = describe(job_id)
    assert job["status"] == "RUNNABLE"
    assert job["statusReason"] == "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"


def test_a_script_refuses_a_state_where_no_job_can_be_stuck(aws: LocalBatch) -> None:
    with pytest.raises(ValueError, match="RUNABLE"):
        aws.script(stuck_in="RUNABLE")


def test_a_timeout_ends_an_attempt_and_is_not_retried(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    aws.script(runtime=1000)
    job_id = submit(timeout={"attemptDurationSeconds": 60}, retryStrategy={"attempts": 3})
    aws.advance(3.5 + 59)
    assert describe(job_id)["status"] == "RUNNING"
    aws.advance(1)
    job = describe(job_id)
    assert (job["status"], job["statusReason"]) == (
        "FAILED",
        "Job attempt duration exceeded timeout",
    )
    assert len(job["attempts"]) == 1


# ── attempts ─────────────────────────────────────────────────────────────────────────────────

SPOT = "Your Spot Task was interrupted."
RETRY_SPOT_ONLY = [
    {"onStatusReason": "Your Spot Task was interrupted*", "action": "RETRY"},
    {"onReason": "*", "action": "EXIT"},
]


@pytest.mark.parametrize(
    ("script", "evaluate", "attempts"),
    [
        pytest.param({"exit_code": 1}, [], 3, id="no entries: retried"),
        pytest.param({"exit_code": 1}, RETRY_SPOT_ONLY, 1, id="the last entry says exit"),
        pytest.param(
            {"exit_code": None, "status_reason": SPOT}, RETRY_SPOT_ONLY, 3, id="reclaimed: retried"
        ),
        pytest.param(
            {"exit_code": 12},
            [{"onExitCode": "1*", "action": "exit"}],
            1,
            id="exit code by its beginning, action in lower case",
        ),
        pytest.param(
            {"exit_code": 1},
            [{"onExitCode": "1", "action": "retry"}, {"onReason": "*", "action": "EXIT"}],
            3,
            id="the first entry that matches decides",
        ),
        pytest.param(
            {"exit_code": 2}, [{"onExitCode": "1*", "action": "EXIT"}], 3, id="no match: retried"
        ),
        pytest.param(
            {"exit_code": 1},
            [{"onExitCode": "1", "onStatusReason": "Host*", "action": "EXIT"}],
            3,
            id="all conditions of an entry must hold",
        ),
    ],
)
def test_attempts_follow_the_retry_strategy(
    aws: LocalBatch,
    submit: Submit,
    describe: Describe,
    script: dict[str, Any],
    evaluate: list[dict[str, str]],
    attempts: int,
) -> None:
    aws.script(**script)
    job_id = submit(retryStrategy={"attempts": 3, "evaluateOnExit": evaluate})
    aws.advance(100)
    job = describe(job_id)
    assert (job["status"], len(job["attempts"])) == ("FAILED", attempts)
    streams = {attempt["container"]["logStreamName"] for attempt in job["attempts"]}
    assert len(streams) == attempts


def test_a_script_may_be_about_the_first_attempts_only(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    aws.script(exit_code=None, status_reason=SPOT, attempts=2)
    job_id = submit(retryStrategy={"attempts": 5})
    aws.advance(100)
    job = describe(job_id)
    assert job["status"] == "SUCCEEDED"
    assert [a["statusReason"] for a in job["attempts"]][:2] == [SPOT, SPOT]
    assert len(job["attempts"]) == 3


# ── dependencies and arrays ──────────────────────────────────────────────────────────────────


def test_a_job_waits_for_all_its_dependencies(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    aws.script("slow", runtime=50)
    last = submit("last", dependsOn=[{"jobId": submit("fast")}, {"jobId": submit("slow")}])
    aws.advance(53)
    assert describe(last)["status"] == "PENDING"
    aws.advance(1 + ALL_OF_IT)
    assert describe(last)["status"] == "SUCCEEDED"


def test_a_failed_dependency_fails_the_whole_chain(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    aws.script("bad", exit_code=1)
    middle = submit(dependsOn=[{"jobId": submit("bad")}])
    last = submit(dependsOn=[{"jobId": middle}])
    aws.advance(ALL_OF_IT)
    late = submit(dependsOn=[{"jobId": last}])
    aws.advance(1)
    for job_id in (middle, last, late):
        job = describe(job_id)
        assert (job["status"], job["statusReason"]) == ("FAILED", "Dependent Job failed")
        assert job["attempts"] == []


def test_a_finished_dependency_holds_nobody_up(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    first = submit()
    aws.advance(ALL_OF_IT)
    second = submit(dependsOn=[{"jobId": first}])
    aws.advance(ALL_OF_IT)
    assert describe(second)["status"] == "SUCCEEDED"


def test_an_array_counts_its_children(
    aws: LocalBatch, batch: Any, submit: Submit, describe: Describe
) -> None:
    aws.script(exit_code=3, indexes=[2, 4])
    parent = submit(arrayProperties={"size": 5})
    aws.advance(4)
    assert describe(parent)["status"] == "PENDING"
    assert describe(parent)["arrayProperties"]["statusSummary"]["RUNNING"] == 5
    aws.advance(10)
    job = describe(parent)
    assert (job["status"], job["statusReason"]) == ("FAILED", "Array Child Job failed")
    assert job["arrayProperties"]["statusSummary"] == {
        **dict.fromkeys(["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"], 0),
        "SUCCEEDED": 3,
        "FAILED": 2,
    }
    failed = batch.list_jobs(arrayJobId=parent, jobStatus="FAILED")["jobSummaryList"]
    assert [child["jobId"] for child in failed] == [f"{parent}:4", f"{parent}:2"]
    child = describe(f"{parent}:4")
    assert (child["arrayProperties"], child["container"]["exitCode"]) == ({"index": 4}, 3)


def test_sequential_children_run_one_after_another(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    parent = submit(arrayProperties={"size": 3}, dependsOn=[{"type": "SEQUENTIAL"}])
    aws.advance(100)
    children = [describe(f"{parent}:{index}") for index in range(3)]
    assert describe(parent)["status"] == "SUCCEEDED"
    for before, after in pairwise(children):
        assert after["startedAt"] > before["stoppedAt"]


def test_sequential_with_a_job_id_is_a_plain_dependency_of_a_plain_job(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    """Public programs send it."""
    first = submit()
    second = submit(dependsOn=[{"jobId": first, "type": "SEQUENTIAL"}])
    aws.advance(100)
    assert describe(second)["startedAt"] > describe(first)["stoppedAt"]


def test_a_failed_sequential_child_fails_the_rest_however_many(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    aws.script(exit_code=1, indexes=[0])
    parent = submit(arrayProperties={"size": 5000}, dependsOn=[{"type": "SEQUENTIAL"}])
    aws.advance(100)
    assert describe(parent)["arrayProperties"]["statusSummary"]["FAILED"] == 5000


def test_n_to_n_children_wait_for_their_namesakes(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    aws.script("extract", exit_code=1, indexes=[1])
    aws.script("extract", runtime=50, indexes=[2])
    extract = submit("extract", arrayProperties={"size": 3})
    transform = submit(
        "transform", arrayProperties={"size": 3}, dependsOn=[{"jobId": extract, "type": "N_TO_N"}]
    )
    report = submit("report", dependsOn=[{"jobId": transform}])
    aws.advance(20)
    states = [describe(f"{transform}:{index}")["status"] for index in range(3)]
    assert states == ["SUCCEEDED", "FAILED", "PENDING"]
    aws.advance(100)
    assert describe(report)["statusReason"] == "Dependent Job failed"


def test_children_without_a_namesake_wait_for_the_whole_other_array(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    aws.script("extract", runtime=50, indexes=[1])
    extract = submit("extract", arrayProperties={"size": 2})
    transform = submit(
        "transform", arrayProperties={"size": 3}, dependsOn=[{"jobId": extract, "type": "N_TO_N"}]
    )
    aws.advance(20)
    states = [describe(f"{transform}:{index}")["status"] for index in range(3)]
    assert states == ["SUCCEEDED", "PENDING", "PENDING"]
    aws.advance(100)
    assert describe(transform)["status"] == "SUCCEEDED"


def test_a_plain_dependency_holds_all_children(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    parent = submit(arrayProperties={"size": 2}, dependsOn=[{"jobId": submit("first")}])
    aws.advance(ALL_OF_IT - 1)
    assert describe(parent)["arrayProperties"]["statusSummary"]["PENDING"] == 2
    aws.advance(1 + ALL_OF_IT)
    assert describe(parent)["status"] == "SUCCEEDED"


# ── stopping ─────────────────────────────────────────────────────────────────────────────────


def test_terminating_a_running_job_takes_a_moment(
    aws: LocalBatch, batch: Any, submit: Submit, describe: Describe
) -> None:
    job_id = submit()
    aws.advance(4)
    batch.terminate_job(jobId=job_id, reason="enough")
    told = describe(job_id)
    assert (told["status"], told["isTerminated"]) == ("RUNNING", True)
    aws.advance(1)
    over = describe(job_id)
    assert (over["status"], over["statusReason"]) == ("FAILED", "enough")
    assert over["container"]["exitCode"] == 137


def test_terminating_what_has_not_started_cancels_it(
    batch: Any, submit: Submit, describe: Describe
) -> None:
    job_id = submit()
    batch.terminate_job(jobId=job_id, reason="enough")
    job = describe(job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "enough")
    assert (job["isCancelled"], job["isTerminated"]) == (True, True)


def test_terminating_a_parent_takes_its_children_along(
    aws: LocalBatch, batch: Any, submit: Submit, describe: Describe
) -> None:
    parent = submit(arrayProperties={"size": 3})
    aws.advance(4)
    batch.terminate_job(jobId=parent, reason="enough")
    aws.advance(1)
    assert describe(parent)["status"] == "FAILED"
    assert {describe(f"{parent}:{index}")["statusReason"] for index in range(3)} == {"enough"}


def test_terminating_a_finished_job_changes_nothing(
    aws: LocalBatch, batch: Any, submit: Submit, describe: Describe
) -> None:
    job_id = submit()
    aws.advance(ALL_OF_IT)
    batch.terminate_job(jobId=job_id, reason="enough")
    assert (describe(job_id)["status"], describe(job_id)["isTerminated"]) == ("SUCCEEDED", False)


def test_cancelling_a_running_job_succeeds_and_does_nothing(
    aws: LocalBatch, batch: Any, submit: Submit, describe: Describe
) -> None:
    job_id = submit()
    aws.advance(4)
    batch.cancel_job(jobId=job_id, reason="enough")
    aws.advance(5)
    assert (describe(job_id)["status"], describe(job_id)["isCancelled"]) == ("SUCCEEDED", False)


def test_cancelling_a_pending_job_waits_for_its_dependencies(
    aws: LocalBatch, batch: Any, submit: Submit, describe: Describe
) -> None:
    waiting = submit(dependsOn=[{"jobId": submit()}])
    aws.advance(1)
    batch.cancel_job(jobId=waiting, reason="enough")
    assert (describe(waiting)["status"], describe(waiting)["isCancelled"]) == ("PENDING", True)
    aws.advance(ALL_OF_IT)
    assert (describe(waiting)["status"], describe(waiting)["statusReason"]) == ("FAILED", "enough")


@pytest.mark.parametrize("job_id", ["nobody", "00000000-0000-4000-8000-000000000000:1"])
def test_stopping_an_unknown_job_is_answered_as_if_it_were_known(batch: Any, job_id: str) -> None:
    for stop in (batch.terminate_job, batch.cancel_job):
        answer = stop(jobId=job_id, reason="enough")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_sequential_dependency_with_an_id_is_a_plain_one_of_a_plain_job(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    first = submit("first")
    second = submit("second", dependsOn=[{"jobId": first, "type": "SEQUENTIAL"}])
    aws.advance(8.4)
    assert [describe(job)["status"] for job in (first, second)] == ["RUNNING", "PENDING"]
    aws.advance(10)
    assert [describe(job)["status"] for job in (first, second)] == ["SUCCEEDED", "SUCCEEDED"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, {"attempts": 1, "evaluateOnExit": []}),
        ({"attempts": 3}, {"attempts": 3, "evaluateOnExit": []}),
        (
            {"attempts": 2, "evaluateOnExit": [{"onReason": "*", "action": "EXIT"}]},
            {"attempts": 2, "evaluateOnExit": [{"onReason": "*", "action": "exit"}]},
        ),
    ],
    ids=["none", "attempts", "actions"],
)
def test_a_job_is_shown_with_its_retries_as_aws_shows_them(
    submit: Submit, describe: Describe, given: dict[str, Any], shown: dict[str, Any]
) -> None:
    more = {"retryStrategy": given} if given else {}
    assert describe(submit(**more))["retryStrategy"] == shown


def test_a_priority_without_a_share_is_taken_on_a_fifo_queue(
    submit: Submit, describe: Describe
) -> None:
    """API: "This only affects jobs in job queues with a fair-share policy"."""
    assert describe(submit(schedulingPriorityOverride=0))["schedulingPriority"] == 0


def test_a_fair_share_queue_is_ready(submit: Submit, describe: Describe) -> None:
    where: dict[str, Any] = {"jobQueue": "fair-share", "shareIdentifier": "A"}
    with pytest.raises(ClientError, match="Either schedulingPriority"):
        submit(**where)
    shown = describe(submit(**where, schedulingPriorityOverride=1))
    assert (shown["shareIdentifier"], shown["schedulingPriority"]) == ("A", 1)


@pytest.mark.new_boto3
def test_terminate_jobs_answers_for_each(batch: Any, submit: Submit) -> None:
    job_id = submit()
    answer = batch.terminate_jobs(jobs=[job_id, "nobody"], reason="enough")
    assert (answer["successful"], answer["errors"]) == ([job_id, "nobody"], [])


# ── looking ──────────────────────────────────────────────────────────────────────────────────


def test_unknown_jobs_are_absent_and_101_are_too_many(batch: Any, submit: Submit) -> None:
    job_id = submit()
    assert [j["jobId"] for j in batch.describe_jobs(jobs=["nobody", job_id])["jobs"]] == [job_id]
    with pytest.raises(batch.exceptions.ClientException, match="supported is 100"):
        batch.describe_jobs(jobs=[str(number) for number in range(101)])


def _names(answer: dict[str, Any]) -> list[str]:
    return [job["jobName"] for job in answer["jobSummaryList"]]


def test_list_jobs_shows_running_ones_unless_told(
    aws: LocalBatch, batch: Any, submit: Submit
) -> None:
    submit("old")
    aws.advance(4)
    submit("new")
    assert _names(batch.list_jobs(jobQueue=READY_QUEUE)) == ["old"]
    assert _names(batch.list_jobs(jobQueue=READY_QUEUE, jobStatus="SUBMITTED")) == ["new"]


def test_list_jobs_by_name_takes_any_case_any_state_newest_first(
    aws: LocalBatch, batch: Any, submit: Submit
) -> None:
    for name in ("Test1", "other", "test10"):
        submit(name)
        aws.advance(4)

    def by_name(value: str) -> list[str]:
        chosen = [{"name": "JOB_NAME", "values": [value]}]
        return _names(batch.list_jobs(jobQueue=READY_QUEUE, filters=chosen, jobStatus="FAILED"))

    assert by_name("TEST1") == ["Test1"]
    assert by_name("test1*") == ["test10", "Test1"]


def test_list_jobs_pages_hold_a_hundred_and_new_jobs_do_not_shift_them(
    batch: Any, submit: Submit
) -> None:
    ids = [submit() for _ in range(150)]
    chosen = {"jobQueue": READY_QUEUE, "filters": [{"name": "JOB_NAME", "values": ["job"]}]}
    first = batch.list_jobs(**chosen)
    submit()
    second = batch.list_jobs(**chosen, nextToken=first["nextToken"])
    assert "nextToken" not in second
    both = [*first["jobSummaryList"], *second["jobSummaryList"]]
    assert [job["jobId"] for job in both] == ids[::-1]


def test_the_same_seed_makes_the_same_ids() -> None:
    def first_id() -> str:
        with LocalBatch(manual_clock=True, seed=7) as aws:
            job: dict[str, str] = aws.client("batch").submit_job(
                jobName="job", jobQueue=READY_QUEUE, jobDefinition="awa-batch-dev-fargate-sample"
            )
            return job["jobId"]

    assert first_id() == first_id()


def test_a_last_page_that_is_full_promises_no_other(batch: Any, submit: Submit) -> None:
    for _ in range(2):
        submit()
    two = batch.list_jobs(jobQueue=READY_QUEUE, jobStatus="SUBMITTED", maxResults=2)
    assert (len(two["jobSummaryList"]), two.get("nextToken")) == (2, None)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"filters": [{"values": ["a"]}]}, "Filter None is not valid"),
        (
            {
                "filters": [
                    {"name": name, "values": ["a"]} for name in ("JOB_NAME", "JOB_DEFINITION")
                ]
            },
            "Only one filter",
        ),
        ({"filters": [{"name": "BEFORE_CREATED_AT", "values": ["x"]}]}, "takes milliseconds"),
        ({"maxResults": 0}, "maxResults must be between 1 and 100"),
        ({"maxResults": -1}, "maxResults must be between 1 and 100"),
    ],
    ids=str,
)
def test_list_jobs_refuses_what_it_cannot_read(
    batch: Any, submit: Submit, more: dict[str, Any], said: str
) -> None:
    submit()
    with pytest.raises(ClientError, match=said) as caught:
        batch.list_jobs(jobQueue=READY_QUEUE, **more)
    assert caught.value.response["Error"]["Code"] == "ClientException"


@pytest.mark.parametrize("scope", [{}, {"jobQueue": READY_QUEUE, "arrayJobId": "J"}], ids=str)
def test_list_jobs_is_about_a_queue_or_an_array(batch: Any, scope: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="Exactly one of jobQueue and arrayJobId"):
        batch.list_jobs(**scope)


@pytest.mark.new_boto3
def test_terminate_jobs_takes_50_ids(batch: Any) -> None:
    assert len(batch.terminate_jobs(jobs=["nobody"] * 50, reason="enough")["successful"]) == 50
    with pytest.raises(ClientError, match="Maximum number of jobs supported is 50"):
        batch.terminate_jobs(jobs=["nobody"] * 51, reason="enough")


def test_a_job_has_stopped_when_it_has_ended(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    job_id = submit()
    aws.advance(ALL_OF_IT - 1)
    assert (describe(job_id)["status"], "stoppedAt" in describe(job_id)) == ("RUNNING", False)
    aws.advance(1)
    assert describe(job_id)["stoppedAt"] > describe(job_id)["startedAt"]
