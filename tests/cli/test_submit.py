"""A submit over HTTP: the job is there, stdout has its id, and refusals say what to do."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.cli import _clients, submit_fargate_job
from airflow_fargate_batch.exceptions import SubmissionUncertain, Unreachable
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.submitting.submitter import Submitter
from tests.cli.conftest import Run
from tests.fakes import LocalTime


def test_stdout_is_the_job_id_and_nothing_else(submit: Run, aws: LocalBatch) -> None:
    outcome = submit("--job-name", "nightly")
    [job] = aws.jobs
    assert (outcome.code, outcome.out) == (0, f"{job['jobId']}\n")
    assert outcome.err == (
        "Submitted nightly to awa-batch-dev-fargate-high-priority in ap-northeast-1\n"
    )


def test_submit_fargate_job_is_the_same_command(
    aws: LocalBatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit_fargate_job(["--job-name", "nightly"]) == 0
    assert capsys.readouterr().out == f"{aws.jobs[0]['jobId']}\n"


def test_json_is_the_whole_answer(submit: Run, aws: LocalBatch) -> None:
    answer = json.loads(submit("--output", "json").out)
    [job] = aws.jobs
    known = {member: value for member, value in answer.items() if value is not None}
    assert known == {member: job[member] for member in ("jobArn", "jobName", "jobId")}


def test_what_is_sent_is_what_a_dry_run_shows(submit: Run, aws: LocalBatch) -> None:
    words = (
        *("--job-name", "nightly", "--vcpu", "1", "--memory", "2048", "--array-size", "3"),
        *("--environment", '{"TOKEN": "value"}', "--tags", '{"team": "data"}'),
    )
    shown = json.loads(submit(*words, "--dry-run", "--show-secrets").out)
    submit(*words)
    [call] = [call for call in aws.requests if call.operation == "SubmitJob"]
    sent = dict(call.parameters)
    for body in (shown, sent):
        del body["tags"]["airflow-fargate-batch:submission"]  # of each call its own
    assert sent == shown


def test_one_submit_is_one_call(submit: Run, aws: LocalBatch) -> None:
    submit()
    assert [call.operation for call in aws.requests] == ["SubmitJob"]


def test_a_lost_answer_makes_no_second_job(
    submit: Run,
    aws: LocalBatch,
    time: LocalTime,  # noqa: ARG001 - passes
) -> None:
    aws.faults.add("cut_after", operation="SubmitJob", times=1)
    outcome = submit()
    [job] = aws.jobs
    assert (outcome.code, outcome.out) == (0, f"{job['jobId']}\n")
    assert "looking for the job" in outcome.err


class TestIdempotencyKey:
    WORDS = ("--job-name-prefix", "nightly", "--idempotency-key", "report of 2026-11-22")

    def test_the_same_key_is_the_same_job_and_the_same_answer(
        self, submit: Run, aws: LocalBatch, time: LocalTime
    ) -> None:
        first, second = submit(*self.WORDS), submit(*self.WORDS)
        [job] = aws.jobs
        assert first.out == second.out == f"{job['jobId']}\n"
        assert (first.code, second.code) == (0, 0)
        assert "Adopted job" in second.err
        time.sleep(60)
        assert submit(*self.WORDS).out == first.out
        assert aws.jobs[0]["status"] == "SUCCEEDED"

    def test_a_failed_job_is_followed_by_a_new_one(
        self, submit: Run, aws: LocalBatch, time: LocalTime
    ) -> None:
        aws.script(exit_code=1)
        submit(*self.WORDS)
        time.sleep(60)
        assert submit(*self.WORDS).out == f"{aws.jobs[1]['jobId']}\n"

    def test_a_call_that_died_after_its_submit_left_no_second_job(
        self, submit: Run, aws: LocalBatch, time: LocalTime
    ) -> None:
        def die() -> None:
            if aws.jobs:
                raise KeyboardInterrupt

        aws.faults.add("cut_after", operation="SubmitJob", times=1)
        time.disturb = die
        interrupted = submit(*self.WORDS)
        assert (interrupted.code, interrupted.out) == (130, "")
        assert "may or may not exist. Run the same command with the same key" in interrupted.err
        time.disturb = lambda: None
        aws.faults.add("lag", seconds=20.0)
        assert submit(*self.WORDS).out == f"{aws.jobs[0]['jobId']}\n"
        assert len(aws.jobs) == 1

    @pytest.mark.usefixtures("time")
    def test_another_key_is_another_job(self, submit: Run, aws: LocalBatch) -> None:
        submit("--idempotency-key", "one")
        submit("--idempotency-key", "two")
        assert len(aws.jobs) == 2

    def test_the_keys_token_ends_a_default_name(self, submit: Run) -> None:
        first, second = (json.loads(submit(*self.WORDS, "--dry-run").out) for _ in range(2))
        assert first == second
        mark = first["tags"]["airflow-fargate-batch:submission"]
        assert first["jobName"] == f"nightly-{mark}"
        assert "report" not in mark


class TestRegion:
    """Where it comes from: the first of the sources that has one."""

    PROFILES = """
[default]
region = eu-north-1

[profile other]
region = sa-east-1
aws_access_key_id = local
aws_secret_access_key = local
"""

    @pytest.mark.parametrize(
        ("words", "variables", "region"),
        [
            pytest.param(
                ["--region", "us-east-1"], {"AWS_REGION": "eu-west-1"}, "us-east-1", id="flag"
            ),
            pytest.param(
                [],
                {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-west-2"},
                "eu-west-1",
                id="AWS_REGION",
            ),
            pytest.param(
                ["--profile", "other"],
                {"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-west-2"},
                "us-west-2",
                id="AWS_DEFAULT_REGION",
            ),
            pytest.param(["--profile", "other"], {}, "sa-east-1", id="the flag's profile"),
            pytest.param([], {"AWS_PROFILE": "other"}, "sa-east-1", id="the variable's profile"),
            pytest.param([], {}, "eu-north-1", id="the default profile"),
        ],
    )
    @pytest.mark.parametrize("command", ["submit", "status", "terminate"])
    def test_is_that_of_the_first_source_that_has_one(
        self,
        run: Run,
        aws: LocalBatch,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        command: str,
        words: list[str],
        variables: dict[str, str],
        region: str,
    ) -> None:
        config = tmp_path / "config"
        config.write_text(self.PROFILES)
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name)
        for name, value in {"AWS_CONFIG_FILE": str(config), **variables}.items():
            monkeypatch.setenv(name, value)
        outcome = run(command, *([] if command == "submit" else ["job"]), *words)
        assert {call.region for call in aws.requests} == {region}
        assert "No region" not in outcome.err
        assert command != "submit" or f" in {region}\n" in outcome.err

    def test_is_the_older_scripts_in_the_end_and_that_is_said(
        self, submit: Run, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name)
        outcome = submit()
        assert [call.region for call in aws.requests] == ["ap-northeast-1"]
        assert (
            "note: Using region ap-northeast-1, the default. To use another region, set --region, "
            in outcome.err
        )

    @pytest.mark.usefixtures("aws")
    def test_of_an_unknown_profile_is_a_mistake(
        self, submit: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name)
        outcome = submit("--profile", "nope")
        assert (outcome.code, outcome.out) == (1, "")
        assert "Check the name of the profile" in outcome.err


def test_the_endpoint_url_is_a_flag(
    submit: Run, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert submit("--endpoint-url", aws.url).code == 0
    assert len(aws.jobs) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--job-queue", "nope"], "Check --job-queue, the region", id="unknown queue"),
        pytest.param(
            ["--job-queue", "fair-shaer"], "Did you mean fair-share?", id="misspelt queue"
        ),
        pytest.param(
            ["--job-definition", "arn:aws:batch:ap-northeast-1:1:job-definition/awa-batch-sample"],
            "Did you mean awa-batch-dev-fargate-sample?",
            id="misspelt definition",
        ),
        pytest.param(
            ["--job-definition", "awa-batch-dev-fargate-sample:9"],
            "The newest active revision is awa-batch-dev-fargate-sample:1.",
            id="unknown revision",
        ),
        pytest.param(
            ["--job-definition", "nope"], "Check --job-definition, the", id="unknown definition"
        ),
        pytest.param(
            ["--share-identifier", "A1"],
            "Only a queue with a fair-share policy takes --share-identifier and",
            id="a share on a FIFO queue",
        ),
        pytest.param(["--profile", "nope"], "Check the name of the profile", id="unknown profile"),
        pytest.param(
            ["--job-queue", "off"],
            "The queue is DISABLED: choose another --job-queue, or",
            id="a disabled queue",
        ),
    ],
)
def test_a_refusal_says_what_to_do(
    submit: Run, aws: LocalBatch, words: list[str], said: str
) -> None:
    aws.create_queue("off")
    aws.client("batch").update_job_queue(jobQueue="off", state="DISABLED")
    outcome = submit(*words)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: ")
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert aws.jobs == []


def test_half_a_size_is_compared_with_the_definition(submit: Run, aws: LocalBatch) -> None:
    outcome = submit("--vcpu", "8")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error: --vcpu: 8 vCPU with 512 MiB (memory of awa-batch-dev-fargate-sample:1) is not a "
        "Fargate size; 8 vCPU takes 16384 to 61440 MiB in steps of 4096. Give --vcpu and --memory "
        "together: use 8 vCPU with 16384 MiB.\n"
    )
    assert aws.jobs == []


def test_missing_credentials_are_named(
    submit: Run, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    outcome = submit()
    assert (outcome.code, outcome.out) == (1, "")
    assert "Unable to locate credentials\nCheck the credentials" in outcome.err
    assert len(aws.requests) == 0


def test_a_denied_call_names_the_iam_action(submit: Run, aws: LocalBatch) -> None:
    aws.faults.add("denied", operation="SubmitJob")
    outcome = submit()
    assert (outcome.code, outcome.out) == (1, "")
    assert "Grant the IAM action batch:SubmitJob" in outcome.err


def test_an_invalid_request_never_reaches_aws(submit: Run, aws: LocalBatch) -> None:
    assert submit("--vcpu", "3").code == 2
    assert len(aws.requests) == 0


@pytest.mark.usefixtures("time")
def test_what_is_tried_again_is_talked_about(submit: Run, aws: LocalBatch) -> None:
    aws.faults.add("throttle", operation="SubmitJob", times=1)
    outcome = submit()
    assert outcome.code == 0
    assert "note: AWS refused SubmitJob: " in outcome.err
    assert "; will retry for up to 45 s\n" in outcome.err


class TestInDoubt:
    @pytest.fixture(autouse=True)
    def _no_aws(self, monkeypatch: pytest.MonkeyPatch) -> None:
        api = SimpleNamespace(region="ap-northeast-1")
        monkeypatch.setattr(_clients, "connect", lambda *_: api)

    def _ends_with(self, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
        def submit(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(Submitter, "submit", submit)

    LOOK = "aws batch list-jobs --region ap-northeast-1 --job-queue Q --filters name=JOB_NAME"

    def test_ctrl_c_says_that_the_job_may_exist_and_how_to_look(
        self, submit: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._ends_with(KeyboardInterrupt(), monkeypatch)
        outcome = submit("--job-name", "nightly", "--job-queue", "Q")
        assert (outcome.code, outcome.out) == (130, "")
        assert "nightly may or may not exist" in outcome.err
        assert f"{self.LOOK},values=nightly" in outcome.err

    def test_so_does_an_answer_that_was_lost_for_good(
        self, submit: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        error = SubmissionUncertain("no answer")
        error.__cause__ = Unreachable("the connection was cut")
        self._ends_with(error, monkeypatch)
        outcome = submit("--job-name", "nightly", "--job-queue", "Q")
        assert (outcome.code, outcome.out) == (1, "")
        assert "the connection was cut" in outcome.err
        assert self.LOOK in outcome.err


def test_a_job_at_aws_has_a_link(
    submit: Run, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = BatchApi(aws.client("batch"))
    monkeypatch.setattr(_clients, "connect", lambda *_: api)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    outcome = submit()
    assert f"batch/home?region=ap-northeast-1#jobs/detail/{outcome.out.strip()}" in outcome.err
