"""``fargate-batch logs``: a job's own lines on stdout, and nothing else there."""

from collections.abc import Callable

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.cli.conftest import Run
from tests.fakes import LocalTime

pytest.importorskip("moto", reason="LocalBatch has CloudWatch Logs from moto")

Submit = Callable[..., str]

LINES = ["loading", "値: 7", "done"]


def test_stdout_is_what_the_job_has_logged_so_far(run: Run, job: Submit, time: LocalTime) -> None:
    talking = job(name="*", log=LINES, runtime=600)
    time.sleep(60)
    assert run("logs", talking) == (0, "loading\n値: 7\ndone\n", "")


def test_every_attempt_is_there_and_named(run: Run, job: Submit, time: LocalTime) -> None:
    again = job("--retry-attempts", "2", name="*", log=["here"], exit_code=1)
    time.sleep(60)
    assert run("logs", again).out == "[attempt 1] here\n[attempt 2] here\n"


def test_followed_it_ends_with_the_job(run: Run, job: Submit) -> None:
    talking = job(name="*", log=LINES, runtime=60)
    outcome = run("logs", talking, "--follow")
    assert (outcome.code, outcome.out) == (0, "loading\n値: 7\ndone\n")
    assert [line.split()[3] for line in outcome.err.splitlines()][-1] == "SUCCEEDED"


def test_a_failed_job_was_read_all_the_same(run: Run, job: Submit) -> None:
    bad = job(name="*", log=LINES, exit_code=1)
    assert run("logs", bad, "--follow").code == 0


def test_timestamps_stand_before_the_lines(run: Run, job: Submit, time: LocalTime) -> None:
    talking = job(name="*", log=["here"])
    time.sleep(60)
    [line] = run("logs", talking, "--timestamps").out.splitlines()
    assert line.startswith("[20")
    assert line.endswith(" UTC] here")


class TestArrays:
    def test_a_child_is_named_by_its_index(self, run: Run, job: Submit, time: LocalTime) -> None:
        array = job("--array-size", "3", name="*", log=["here"])
        time.sleep(60)
        assert run("logs", array, "--index", "2").out == "here\n"
        assert run("logs", f"{array}:2").out == "here\n"

    def test_an_array_itself_has_no_log(self, run: Run, job: Submit) -> None:
        outcome = run("logs", job("--array-size", "3"))
        assert (outcome.code, outcome.out) == (2, "")
        assert "has no log of its own. To read a child's log, set --index, 0 to 2" in outcome.err


@pytest.mark.usefixtures("aws")
def test_an_unknown_job_is_1(run: Run) -> None:
    outcome = run("logs", "typo")
    assert (outcome.code, outcome.out) == (1, "")
    assert "does not know job typo in ap-northeast-1" in outcome.err


def test_a_log_that_must_not_be_read_is_1_and_names_the_iam_action(
    run: Run, job: Submit, aws: LocalBatch, time: LocalTime
) -> None:
    talking = job(name="*", log=LINES)
    time.sleep(60)
    aws.faults.add("denied", operation="logs:GetLogEvents")
    outcome = run("logs", talking)
    assert (outcome.code, outcome.out) == (1, "")
    assert "Grant the IAM action logs:GetLogEvents" in outcome.err


def test_a_log_without_a_line_is_read(run: Run, job: Submit, time: LocalTime) -> None:
    silent = job()
    time.sleep(60)
    outcome = run("logs", silent)
    assert (outcome.code, outcome.out) == (0, "")


@pytest.mark.parametrize("words", [["A,B"], ["A", "B"], ["A,B", "--index", "1"]], ids=str)
def test_two_jobs_at_once_are_bad_usage(run: Run, words: list[str]) -> None:
    outcome = run("logs", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: Give one job id, not 2: ")


class TestWithoutALog:
    def test_a_job_that_never_started_is_1_and_that_is_said(
        self, run: Run, job: Submit, time: LocalTime
    ) -> None:
        never = job(name="*", starts=False, status_reason="CannotPullContainerError: no such image")
        time.sleep(60)
        for words in ([], ["--follow"]):
            outcome = run("logs", never, *words)
            assert (outcome.code, outcome.out) == (1, "")
            assert outcome.err == (
                f"error: Job {never} is FAILED and has no log: it never started: "
                "CannotPullContainerError: no such image\n"
            )

    def test_a_job_that_has_not_started_is_0_and_that_is_said(self, run: Run, job: Submit) -> None:
        new = job()
        assert run("logs", new) == (
            0,
            "",
            f"note: Job {new} is SUBMITTED and has logged nothing yet\n",
        )

    def test_followed_to_its_end_a_job_that_never_starts_is_1(self, run: Run, job: Submit) -> None:
        outcome = run("logs", job(name="*", starts=False), "--follow")
        assert outcome.code == 1
        assert "has no log: it never started" in outcome.err
