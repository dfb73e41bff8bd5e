"""``fargate-batch wait``: one question for all jobs, and an answer for each that is never a lie."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core import polling
from airflow_fargate_batch.core.polling import PollTimes
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from tests.cli.conftest import Run
from tests.fakes import LocalTime

Submit = Callable[..., str]

DEFINITE = {"exit_code": 3, "reason": "the input is empty"}


def test_stdout_has_a_line_for_each_job_in_the_order_given(run: Run, job: Submit) -> None:
    bad = job("--job-name", "bad", name="bad", **DEFINITE)
    good = job("--job-name", "good")
    outcome = run("wait", bad, good)
    assert outcome.out == f"{bad}\tFAILED\t3\n{good}\tSUCCEEDED\t0\n"
    assert outcome.code == 1


def test_0_only_when_all_succeeded(run: Run, job: Submit) -> None:
    first, second = job(), job()
    assert run("wait", first, f"{second},{first}").code == 0


def test_a_change_is_a_line_on_stderr(run: Run, job: Submit) -> None:
    awaited = job()
    said = run("wait", awaited, "--poll-interval", "1").err.splitlines()
    states = ["SUBMITTED", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]
    assert [line.split()[3] for line in said] == states
    assert all(line.startswith(f"Job {awaited} is ") for line in said)


def test_a_failed_job_is_reported_at_once(run: Run, job: Submit) -> None:
    bad = job("--job-name", "bad", name="bad", **DEFINITE)
    slow = job("--job-name", "slow", name="slow", runtime=600)
    said = run("wait", bad, slow).err
    assert f"error: job {bad} failed with exit code 3: " in said
    assert "AWS says: the input is empty" in said
    assert said.index("What to do: ") < said.index(f"Job {slow} is SUCCEEDED")


def test_the_first_failures_are_reported_with_their_last_log_lines(run: Run, job: Submit) -> None:
    ids = [job(name="*", exit_code=1, log=["the last line"]) for _ in range(4)]
    said = run("wait", *ids).err
    assert said.count("Last log lines:\n  the last line\n") == 3
    assert said.count("What to do: ") == 4


def test_the_report_of_a_failed_array_says_how_to_read_a_childs_log(run: Run, job: Submit) -> None:
    array = job("--array-size", "5", name="*", exit_code=2, indexes=[3])
    said = run("wait", array).err
    assert said.endswith(
        f"\nTo read the log of a failed child: fargate-batch logs {array} --index 3\n"
    )
    assert "(the one child that failed)" in said
    assert "Failed children: 1 of 5" in said


def test_json_has_an_object_for_each_job(run: Run, job: Submit) -> None:
    array = job("--job-name", "array", "--array-size", "5", name="array", exit_code=2, indexes=[3])
    good = job("--job-name", "good")
    of_array, of_good = json.loads(run("wait", array, good, "--output", "json").out)
    assert (of_good["jobId"], of_good["status"], of_good["exitCode"]) == (good, "SUCCEEDED", 0)
    assert of_array["array"]["failedIndexes"] == [3]
    assert of_array["array"]["counts"] == {"SUCCEEDED": 4, "FAILED": 1}


def test_a_hundred_jobs_are_one_call(
    run: Run, job: Submit, aws: LocalBatch, time: LocalTime
) -> None:
    array = job("--array-size", "100")
    ids = [f"{array}:{index}" for index in range(100)]
    time.sleep(60)
    before = len(aws.requests)
    assert run("wait", *ids).code == 0
    assert [call.operation for call in aws.requests[before:]] == ["DescribeJobs"]


@pytest.fixture
def polled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a minute pass between the first look at a job and the first poll."""
    monkeypatch.setattr(polling, "POLL_TIMES", PollTimes(first_question=60.0))


class TestGivingUp:
    def test_a_timeout_is_for_all_and_ends_no_job(
        self, run: Run, job: Submit, aws: LocalBatch, time: LocalTime
    ) -> None:
        slow = job("--job-name", "slow", name="slow", runtime=600)
        good = job("--job-name", "good")
        outcome = run("wait", slow, good, "--timeout", "60")
        assert outcome.code == 1
        assert outcome.out == f"{slow}\tRUNNING\t\n{good}\tSUCCEEDED\t0\n"
        assert f"error: Job {slow} did not end by " in outcome.err
        assert " UTC: --timeout is 1 min 0 s\nThe job has been RUNNING since 20" in outcome.err
        page = "https://console.aws.amazon.com/batch/home?region=ap-northeast-1#jobs/detail/"
        way = f"'fargate-batch terminate {slow}' terminates it: {page}{slow}"
        assert f"\nJob {slow} is still RUNNING; {way}\n" in outcome.err
        assert "\nWhat to do: " in outcome.err
        assert "--job-timeout" in outcome.err
        assert 60 <= time.seconds < 62
        assert aws.jobs[0]["status"] == "RUNNING"

    def test_a_runnable_timeout_is_for_each_and_the_others_are_waited_for(
        self, run: Run, job: Submit
    ) -> None:
        stuck = job("--job-name", "stuck", name="stuck", stuck_in="RUNNABLE")
        slow = job("--job-name", "slow", name="slow", runtime=600)
        outcome = run("wait", stuck, slow, "--runnable-timeout", "60")
        assert outcome.code == 1
        assert outcome.out == f"{stuck}\tRUNNABLE\t\n{slow}\tSUCCEEDED\t0\n"
        limit = "--runnable-timeout is 1 min 0 s"
        assert re.search(f"error: Job {stuck} was RUNNABLE for 1 min . s: {limit}\n", outcome.err)

    def test_a_starting_timeout_is_for_each(self, run: Run, job: Submit) -> None:
        stuck = job("--job-name", "stuck", name="stuck", stuck_in="STARTING")
        outcome = run("wait", stuck, "--starting-timeout", "60", "--runnable-timeout", "600")
        assert (outcome.code, outcome.out) == (1, f"{stuck}\tSTARTING\t\n")
        limit = "--starting-timeout is 1 min 0 s"
        assert f"error: Job {stuck} was STARTING for 1 min 0 s: {limit}\n" in outcome.err

    @pytest.mark.usefixtures("polled_once")
    @pytest.mark.parametrize("limit", ["--timeout", "--runnable-timeout"])
    def test_a_job_that_is_further_than_at_the_last_poll_is_not_given_up(
        self, run: Run, aws: LocalBatch, job: Submit, limit: str
    ) -> None:
        """It is RUNNABLE at the poll, and has ended long before the next one."""
        quick = job()
        aws.advance(1)
        assert aws.jobs[0]["status"] == "RUNNABLE"
        outcome = run("wait", quick, limit, "15", "--poll-interval", "600")
        assert (outcome.code, outcome.out) == (0, f"{quick}\tSUCCEEDED\t0\n")

    @pytest.mark.usefixtures("polled_once")
    def test_a_job_that_runs_when_its_time_in_runnable_is_over_is_left_alone(
        self, run: Run, aws: LocalBatch, job: Submit
    ) -> None:
        slow = job(name="*", runtime=600)
        aws.advance(1)
        outcome = run("wait", slow, "--runnable-timeout", "15", "--poll-interval", "60")
        assert (outcome.code, outcome.out) == (0, f"{slow}\tSUCCEEDED\t0\n")
        assert f"Job {slow} is RUNNING" in outcome.err

    def test_a_last_look_that_fails_is_said_and_the_timeout_counts(
        self, run: Run, aws: LocalBatch, job: Submit
    ) -> None:
        slow = job(name="*", runtime=600)
        aws.advance(10)
        aws.faults.add("error_before", operation="DescribeJobs", skip=1)
        outcome = run("wait", slow, "--timeout", "20", "--poll-interval", "600")
        assert outcome.code == 1
        assert f"warning: Could not read the state of job {slow}: " in outcome.err
        assert "AWS Batch did not answer the last request." in outcome.err

    def test_an_array_that_can_never_start_is_not_waited_for(self, run: Run, job: Submit) -> None:
        reason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - cannot be met"
        never = job(
            "--job-name", "never", "--array-size", "3",
            name="never", stuck_in="RUNNABLE", status_reason=reason,
        )  # fmt: skip
        outcome = run("wait", never)
        assert outcome.code == 1
        assert f"error: Job {never} can never start: the job asks for more" in outcome.err
        assert "does not know" not in outcome.err

    def test_a_stuck_array_is_waited_for_although_its_first_child_is_not_found(
        self, run: Run, job: Submit, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        array = job("--job-name", "slow", "--array-size", "2", name="slow", stuck_in="RUNNABLE")
        describe = BatchApi.describe_jobs
        monkeypatch.setattr(
            BatchApi,
            "describe_jobs",
            lambda api, ids: [each for each in describe(api, ids) if each.id == array],
        )
        outcome = run("wait", array, "--timeout", "120")
        assert (outcome.code, "does not know" in outcome.err) == (1, False)
        assert f"error: Job {array} did not end by" in outcome.err
        asked = [call.parameters["jobs"] for call in aws.requests if "jobs" in call.parameters]
        assert [array, f"{array}:0"] in asked

    def test_every_lost_job_is_told_with_its_last_state(
        self, run: Run, job: Submit, aws: LocalBatch
    ) -> None:
        known = job("--job-name", "known", name="known", runtime=10**6)
        good = job("--job-name", "good")
        aws.faults.add("vanish", job="known", seconds=100.0)
        outcome = run("wait", known, "unknown", good)
        assert outcome.code == 1
        assert outcome.out == f"{known}\tRUNNING\t\nunknown\tUNKNOWN\t\n{good}\tSUCCEEDED\t0\n"
        assert f"does not know job {known} (last seen RUNNING)" in outcome.err
        assert "does not know job unknown (never seen)" in outcome.err

    @pytest.mark.usefixtures("aws")
    def test_what_is_no_id_of_aws_is_given_up_at_the_first_look(
        self, run: Run, time: LocalTime
    ) -> None:
        outcome = run("wait", "typo")
        assert (outcome.code, outcome.out) == (1, "typo\tUNKNOWN\t\n")
        assert outcome.err == (
            "error: AWS Batch does not know job typo (never seen); AWS keeps finished jobs for 7 "
            "days\n"
            "Check the id and the region (ap-northeast-1).\n"
        )
        assert time.seconds == 0

    @pytest.mark.parametrize("child", ["", ":3"])
    def test_an_unknown_id_is_given_up_when_reads_cannot_lag_any_more(
        self, run: Run, time: LocalTime, child: str
    ) -> None:
        unknown = f"5c92e4a1-0000-4000-8000-9f3d2b7a6c11{child}"
        outcome = run("wait", unknown)
        assert outcome.code == 1
        assert outcome.err.startswith(f"note: AWS Batch does not show job {unknown} in ")
        assert outcome.err.count("note: ") == 1
        assert "Check the id and the region" in outcome.err
        assert 30 <= time.seconds < 42

    def test_a_job_that_reads_do_not_show_yet_is_waited_for(
        self, run: Run, job: Submit, aws: LocalBatch
    ) -> None:
        new = job()
        aws.faults.add("lag", seconds=20.0)
        assert run("wait", new).code == 0

    def test_ctrl_c_says_that_the_jobs_go_on(
        self, run: Run, job: Submit, aws: LocalBatch, time: LocalTime
    ) -> None:
        slow = job(name="*", runtime=600)

        def interrupt() -> None:
            if time.seconds > 30:
                raise KeyboardInterrupt

        time.disturb = interrupt
        outcome = run("wait", slow)
        assert (outcome.code, outcome.out) == (130, "")
        way = f"'fargate-batch terminate {slow}' terminates it: https://"
        assert f"note: Job {slow} is still RUNNING; {way}" in outcome.err
        assert aws.jobs[0]["status"] == "RUNNING"


def test_a_throttle_prolongs_the_wait_and_nothing_else(
    run: Run, job: Submit, aws: LocalBatch
) -> None:
    awaited = job()
    aws.faults.add("throttle", operation="DescribeJobs", times=3)
    outcome = run("wait", awaited)
    assert (outcome.code, outcome.out) == (0, f"{awaited}\tSUCCEEDED\t0\n")
    assert "warning" not in outcome.err


def test_credentials_that_do_not_work_are_said_at_once(
    run: Run, job: Submit, aws: LocalBatch, time: LocalTime
) -> None:
    awaited = job()
    aws.faults.add("expired", operation="DescribeJobs")
    outcome = run("wait", awaited)
    assert (outcome.code, outcome.out) == (1, "")
    note, error = outcome.err.splitlines()[:2]
    assert note.startswith(f"note: Job {awaited} may still be running; 'fargate-batch terminate ")
    assert error.startswith("error: ")
    assert "renew expired credentials." in outcome.err
    assert time.seconds == 0


def test_a_permission_that_settles_prolongs_the_wait_and_is_said(
    run: Run, job: Submit, aws: LocalBatch
) -> None:
    awaited = job()
    aws.faults.add("denied", operation="DescribeJobs", times=5)
    outcome = run("wait", awaited)
    assert (outcome.code, outcome.out) == (0, f"{awaited}\tSUCCEEDED\t0\n")
    assert f"warning: DescribeJobs failed for job {awaited}; will retry for 5 min" in outcome.err
    assert "note: DescribeJobs works again after " in outcome.err


@pytest.mark.parametrize("command", ["wait", "submit"])
def test_a_permission_that_stays_denied_is_an_error_that_names_the_job(
    run: Run, job: Submit, aws: LocalBatch, time: LocalTime, command: str
) -> None:
    aws.faults.add("denied", operation="DescribeJobs")
    outcome = run("wait", job()) if command == "wait" else run("submit", "--wait")
    job_id = aws.jobs[0]["jobId"]
    assert outcome.code == 1
    assert "batch:DescribeJobs to the caller." in outcome.err
    assert f"note: Job {job_id} may still be running; 'fargate-batch terminate {job_id}'" in (
        outcome.err
    )
    assert 300 <= time.seconds < 400


def test_what_is_no_id_is_bad_usage(run: Run, aws: LocalBatch) -> None:
    outcome = run("wait", "not an id")
    assert (outcome.code, outcome.out) == (2, "")
    assert "'not an id' is not a job id" in outcome.err
    assert len(aws.requests) == 0


class TestSubmitWait:
    @pytest.mark.usefixtures("time")
    def test_its_own_job_is_waited_for_however_long_reads_lag(
        self, submit: Run, aws: LocalBatch
    ) -> None:
        aws.script(runtime=600)
        aws.faults.add("lag", seconds=120.0)
        assert submit("--wait").code == 0

    @pytest.mark.usefixtures("time")
    def test_stdout_stays_the_job_id_and_the_exit_code_is_the_jobs(
        self, submit: Run, aws: LocalBatch
    ) -> None:
        aws.script(name="bad", **DEFINITE)
        good, bad = submit("--wait"), submit("--wait", "--job-name", "bad")
        assert [outcome.out for outcome in (good, bad)] == [f"{job['jobId']}\n" for job in aws.jobs]
        assert (good.code, bad.code) == (0, 1)
        assert "failed with exit code 3" in bad.err

    def test_waits_as_long_as_it_is_told(
        self, submit: Run, aws: LocalBatch, time: LocalTime
    ) -> None:
        aws.script(runtime=timedelta(days=1).total_seconds())
        assert submit("--wait", "--timeout", "60").code == 1
        assert 60 <= time.seconds < 62

    @pytest.mark.usefixtures("time")
    def test_a_last_look_finds_the_end_that_no_poll_has_seen(
        self, submit: Run, aws: LocalBatch
    ) -> None:
        aws.script(runtime=0.5)  # SUCCEEDED after 4 s
        assert submit("--wait", "--timeout", "8", "--poll-interval", "20").code == 0

    def test_its_flags_alone_are_a_mistake_that_a_job_should_not_run_for(
        self, submit: Run, aws: LocalBatch
    ) -> None:
        outcome = submit("--timeout", "60")
        assert (outcome.code, outcome.out) == (2, "")
        assert "need --wait; to limit the job itself, use --job-timeout" in outcome.err
        assert len(aws.requests) == 0


@pytest.mark.parametrize("command", ["wait", "status", "terminate"])
def test_a_placeholder_of_a_dry_run_is_no_job(run: Run, command: str) -> None:
    outcome = run(command, "dry-run:nightly")
    assert outcome.code == 2
    assert "comes from a dry run" in outcome.err


def test_a_job_that_no_one_can_read_hurts_only_itself(
    run: Run, job: Submit, aws: LocalBatch
) -> None:
    good = [job() for _ in range(3)]
    digits = {"name": "FARGATE_BATCH_INDEXES", "value": "9" * 5000}
    odd = aws.client("batch").submit_job(
        jobName="odd",
        jobQueue=READY_QUEUE,
        jobDefinition=READY_DEFINITION,
        containerOverrides={"environment": [digits]},
    )["jobId"]
    outcome = run("wait", *good, odd)
    assert [line.split("\t")[:2] for line in outcome.out.splitlines()] == [
        [job_id, "SUCCEEDED"] for job_id in [*good, odd]
    ]
    assert outcome.code == 0
    assert run("status", *good, odd).code == 0


@pytest.mark.parametrize("words", [[], ["--secret-names", "iban"]], ids=str)
def test_the_last_log_lines_are_reported_without_secrets(
    run: Run, job: Submit, words: list[str]
) -> None:
    variables = '{"DB_PASS": "hunter2", "CUSTOMER_IBAN": "DE-1234"}'
    bad = job("--environment", variables, name="*", exit_code=1, log=["hunter2 of DE-1234"])
    said = run("wait", bad, *words).err
    assert f"Last log lines:\n  *** of {'***' if words else 'DE-1234'}\n" in said
