"""``fargate-batch status``: how jobs are, for a person, a pipe or a program."""

import json
from collections.abc import Callable

import pytest

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.local import LocalBatch
from tests.cli.conftest import Run
from tests.fakes import LocalTime

Submit = Callable[..., str]


@pytest.fixture
def jobs(job: Submit, time: LocalTime) -> tuple[str, str]:
    """Return an array that runs, and a job that failed."""
    array = job("--job-name", "array", "--array-size", "3", name="array", runtime=600)
    bad = job("--job-name", "bad", name="bad", exit_code=3, reason="the input\tis\nempty")
    time.sleep(60)
    return array, bad


def test_text_has_a_line_of_six_columns_for_each_job(run: Run, jobs: tuple[str, str]) -> None:
    array, bad = jobs
    outcome = run("status", bad, array)
    assert outcome == (
        0,
        f"{bad}\tFAILED\t3\t\tbad\tthe input is empty\n{array}\tPENDING\t\t0/3\tarray\t\n",
        "",
    )


def test_a_terminal_gets_a_table_without_empty_columns(
    run: Run, jobs: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_console, "is_terminal", lambda _: True)
    heading, line = run("status", jobs[1]).out.splitlines()
    assert heading.split("  ")[0] == "job"
    assert "children ended" not in heading
    assert line == f"{jobs[1]}  FAILED  3          bad   the input is empty"


def test_json_has_an_object_for_each_job(run: Run, jobs: tuple[str, str]) -> None:
    of_array, of_bad = json.loads(run("status", *jobs, "--output", "json").out)
    assert of_array["array"]["counts"] == {"RUNNING": 3}
    assert (of_bad["exitCode"], of_bad["reason"]) == (3, "the input\tis\nempty")


def test_a_child_of_an_array_is_a_job(run: Run, jobs: tuple[str, str]) -> None:
    child = f"{jobs[0]}:2"
    assert run("status", child).out == f"{child}\tRUNNING\t\t\tarray\t\n"


def test_an_unknown_job_is_1_and_the_others_are_shown(run: Run, jobs: tuple[str, str]) -> None:
    outcome = run("status", "one", "two", jobs[1])
    assert outcome.code == 1
    assert outcome.out.startswith(jobs[1])
    assert outcome.err == (
        "error: AWS Batch does not know jobs one, two in ap-northeast-1; it keeps ended jobs for 7 "
        "days\n"
    )


@pytest.mark.usefixtures("aws")
def test_without_a_known_job_stdout_is_empty_or_an_empty_list(run: Run) -> None:
    assert run("status", "one").out == ""
    assert json.loads(run("status", "one", "--output", "json").out) == []


def test_a_hundred_jobs_are_one_call(run: Run, aws: LocalBatch) -> None:
    run("status", *map(str, range(101)))
    assert [len(call.parameters["jobs"]) for call in aws.requests] == [100, 1]


def test_a_throttle_is_waited_for(run: Run, jobs: tuple[str, str], aws: LocalBatch) -> None:
    aws.faults.add("throttle", operation="DescribeJobs", times=2)
    outcome = run("status", *jobs)
    assert outcome.code == 0
    assert outcome.err.count("; will retry for up to 45 s") == 1


def test_a_success_has_no_reason(run: Run, job: Submit, time: LocalTime) -> None:
    good = job(
        "--job-name", "good", name="good", status_reason="Essential container in task exited"
    )
    time.sleep(60)
    assert run("status", good).out == f"{good}\tSUCCEEDED\t0\t\tgood\t\n"


@pytest.mark.parametrize("command", ["submit", "wait", "status", "logs", "terminate"])
def test_an_endpoint_that_refuses_is_told_once_and_given_up_with_one_error(
    run: Run, time: LocalTime, command: str
) -> None:
    words = [] if command == "submit" else ["J"]
    outcome = run(command, *words, "--endpoint-url", "http://127.0.0.1:1")
    assert (outcome.code, outcome.out) == (1, "")
    notes = [line for line in outcome.err.splitlines() if "will retry" in line]
    assert len(notes) == 1
    assert "Could not send " in notes[0]
    assert ": Could not connect to the endpoint URL" in notes[0]
    assert notes[0].endswith("; will retry for up to 45 s")
    errors = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "Check the network, the region, the endpoint URL and any proxy." in outcome.err
    assert 45 <= time.seconds < 70
