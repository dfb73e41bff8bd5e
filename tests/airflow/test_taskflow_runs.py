"""Functions in the image of a job, in a real Airflow against LocalBatch that really runs them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import DEFINITION, QUEUE
from tests.airflow.dag_tester import DagTester, TestedDag

DAGS = Path(__file__).parent / "dags_taskflow"
SECRETS = ("hunter2-of-the-task", "urlsecret77")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(run_commands=True, speed=20) as aws:
        yield aws


def run(dag_tester: DagTester, aws: LocalBatch, dag_id: str) -> TestedDag:
    where = {"AWS_BATCH_JOB_QUEUE": QUEUE, "AWS_BATCH_JOB_DEFINITION": DEFINITION}
    environment = aws.environ | where
    return dag_tester.run(DAGS / "functions.py", dag_id, environment=environment, timeout=600)


@pytest.fixture(scope="module")
def functions(dag_tester: DagTester, aws: LocalBatch) -> TestedDag:
    return run(dag_tester, aws, "functions")


def commands(aws: LocalBatch, tested: TestedDag, task: str) -> list[str]:
    [job] = aws.client("batch").describe_jobs(jobs=[tested.xcom(task)])["jobs"]
    words: list[str] = job["container"]["command"]
    return words


def test_every_task_succeeds(functions: TestedDag) -> None:
    assert functions.ok, functions.output
    assert set(functions.states.values()) == {"success"}


def test_arguments_come_from_the_call_its_templates_and_the_context(functions: TestedDag) -> None:
    returned = {"args": [1, 2], "by": "templated", "ds": "2026-02-03", "given": "by the user"}
    assert functions.xcom("in_worker") == returned
    assert functions.xcom("in_worker", "by") == "templated"


def test_a_deferred_function_gets_and_returns_any_json(functions: TestedDag) -> None:
    returned = functions.xcom("deferred")
    assert returned["before"] == functions.xcom("in_worker")
    assert returned["deep"] == [{"x": None}, 1.5, "ü\n"]


def test_a_mapped_function_runs_once_for_each_value(functions: TestedDag) -> None:
    assert [functions.xcom(f"mapped[{index}]") for index in range(3)] == [10, 20, 30]
    assert functions.xcom("total") == 60


def test_what_a_function_prints_stands_in_the_task_s_log(functions: TestedDag) -> None:
    assert "UTC] printed in the job" in functions.output


def test_secrets_show_neither_in_logs_nor_in_xcoms(functions: TestedDag) -> None:
    assert functions.xcom("secret") == ["***", "shown"]
    assert "logging in with *** at postgres://me:***@db/x" in functions.output
    lines = [
        line
        for line in functions.output.splitlines()
        if "MaskSecret(" not in line  # `dags test` of 3.0 prints at DEBUG what it is told to mask
    ]
    everything = [*lines, *map(json.dumps, functions.xcoms.values())]
    assert not [line for line in everything if any(secret in line for secret in SECRETS)]


def test_a_command_of_a_function_is_run_as_returned(functions: TestedDag, aws: LocalBatch) -> None:
    assert commands(aws, functions, "words") == ["echo", "words ran on 2026-02-03 with {{ ds }}"]
    assert commands(aws, functions, "overrides") == ["true"]
    assert commands(aws, functions, "words_deferred") == ["echo", "deferred"]


def test_a_shell_s_result_is_an_xcom(functions: TestedDag) -> None:
    assert functions.xcom("shell", "result") == {"rows": 3}


def test_a_retry_reads_the_result_of_the_job_of_the_earlier_try(
    dag_tester: DagTester, aws: LocalBatch
) -> None:
    aws.faults.add("denied", operation="logs:GetLogEvents", times=1)
    tested = run(dag_tester, aws, "retried")
    assert tested.ok, tested.output
    [job] = [job for job in aws.jobs if "-retried-" in job["jobName"]]
    assert tested.xcom("adopted") == job["jobId"]
    assert "Adopted job" in tested.output


def test_what_goes_wrong_in_a_job_is_said_in_the_task(
    dag_tester: DagTester, aws: LocalBatch
) -> None:
    tested = run(dag_tester, aws, "failing")
    assert tested.states == {
        "raises": "failed",
        "not_json": "failed",
        "lacks_module": "failed",
        "skips": "skipped",
        "without_result": "failed",
        "takes_a_date": "failed",
    }, tested.output
    for said in (
        'File "functions.py", line',
        "ValueError: no such value: 7",
        "The result of not_json() is not JSON",
        "No module named 'module_of_the_dags_folder'",
        "Modules of the DAG's folder are not part of the image: install the module there.",
        "succeeded, but has no result: no line of log stream",
        "Nothing was submitted. day: a datetime is not JSON: pass .isoformat()",
    ):
        assert said in unwrapped(tested.output), said


def unwrapped(output: str) -> str:
    """Return an output as one line: Airflow 3.0 wraps tracebacks, in colours and frames."""
    colourless = re.sub(r"\x1b\[[0-9;]*m", "", output)  # within words too
    return re.sub(r"[\s│]+", " ", colourless)
