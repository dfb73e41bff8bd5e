"""Every example DAG, as it is, in a real Airflow against LocalBatch, its commands really run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import connect
from tests.airflow.harness import LINE, RealAirflow, Run
from tests.patience import until

EXAMPLES = Path(__file__).parents[2] / "dags_examples"
DAY = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalBatch]:
    """Give an AWS whose jobs really run their commands."""
    with LocalBatch(run_commands=True, speed=20) as aws:
        prepare_containers(aws)
        yield aws


def prepare_containers(aws: LocalBatch) -> None:
    """Register what ``containers.py`` names: a definition of two containers, and licences."""
    batch = aws.client("batch")
    size = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    containers: Any = [
        {"name": "main", "image": "train", "resourceRequirements": size},
        {
            "name": "metrics",
            "image": "metrics",
            "resourceRequirements": size,
            "command": ["sleep", "60"],
            "essential": False,
        },
    ]
    role = "arn:aws:iam::123456789012:role/x"
    batch.register_job_definition(
        jobDefinitionName="train-with-metrics",
        type="container",
        platformCapabilities=["FARGATE"],
        ecsProperties={
            "taskProperties": [{"executionRoleArn": role, "containers": containers}],
        },
    )
    batch.create_consumable_resource(
        consumableResourceName="licence", totalQuantity=2, resourceType="REPLENISHABLE"
    )


@pytest.fixture(scope="session")
def airflow(real_airflow: RealAirflow, aws: LocalBatch) -> RealAirflow:
    """Give an Airflow whose connection says where Batch is, and which queue and definition."""
    connect(real_airflow, aws, "aws_default")
    return real_airflow


NAMES = sorted(file.stem for file in EXAMPLES.glob("*.py"))
OF_A_DAY: dict[str, dict[str, Any]] = {"daily_chain": {}, "json_files": {"mode": "quick"}}
"""Parameters of the examples that need a day."""


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Runs of the examples, triggered at once since each mostly waits.

    Attributes:
        by_hand: Runs without a logical date: on Airflow 3 they have no ``ds``.
        of_a_day: Runs whose logical date is ``DAY``.
    """

    by_hand: dict[str, Run]
    of_a_day: dict[str, Run]


@pytest.fixture(scope="session")
def runs(airflow: RealAirflow, aws: LocalBatch) -> Runs:
    airflow.add_dags(*(file for name in NAMES for file in EXAMPLES.glob(f"{name}*")))
    aws.script("*-retries_that_learn-load-*", needs_memory=1024)
    return Runs(
        by_hand={name: airflow.trigger(name) for name in NAMES},
        of_a_day={
            name: airflow.trigger(name, conf=conf, logical_date=DAY)
            for name, conf in OF_A_DAY.items()
        },
    )


@pytest.mark.triggers
def test_all_examples_are_triggered(runs: Runs) -> None:
    assert runs.by_hand.keys() == set(NAMES)


def succeeded(airflow: RealAirflow, run: Run) -> Run:
    """Wait for the end of a run, in which every task must have succeeded."""
    states = airflow.wait(run)
    assert set(states.values()) == {"success"}, (states, *(airflow.log(run, t) for t in states))
    return run


@pytest.mark.parametrize("name", NAMES)
def test_an_example_runs_when_it_is_triggered_by_hand(
    airflow: RealAirflow, runs: Runs, name: str
) -> None:
    succeeded(airflow, runs.by_hand[name])


def test_the_first_dag_of_the_readme_runs_when_it_is_triggered_by_hand(
    airflow: RealAirflow, aws: LocalBatch, tmp_path: Path
) -> None:
    text = (EXAMPLES.parent / "README.md").read_text()
    file = tmp_path / "nightly.py"
    file.write_text(re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[0])
    airflow.add_dags(file)
    before = datetime.now(UTC).date()
    run = airflow.trigger("nightly")
    assert set(airflow.wait(run).values()) == {"success"}
    days = {before.isoformat(), datetime.now(UTC).date().isoformat()}
    [report] = [job for job in aws.jobs if job["jobId"] == airflow.xcom(run, "report")]
    *command, day = report["container"]["command"]
    assert command == ["python", "report.py", "--day"]
    assert day in days


def finished(aws: LocalBatch, job_id: str) -> dict[str, Any]:
    """Wait for a job's end, which comes in its own time after the task's."""

    def job() -> dict[str, Any]:
        [found] = [job for job in aws.jobs if job["jobId"] == job_id]
        return found

    until(lambda: job()["status"] in {"SUCCEEDED", "FAILED"})
    return job()


def last_line(aws: LocalBatch, job: dict[str, Any], index: int | None = None) -> str:
    """Read the last line of a job's log, or of one array child's."""
    if index is not None:
        [job] = aws.client("batch").describe_jobs(jobs=[f"{job['jobId']}:{index}"])["jobs"]
    stream = job["container"]["logStreamName"]
    logs = aws.client("logs")
    events = logs.get_log_events(logGroupName="/aws/batch/job", logStreamName=stream)["events"]
    message: str = events[-1]["message"]
    return message


def test_the_daily_chain_runs_part_after_part(
    airflow: RealAirflow, runs: Runs, aws: LocalBatch
) -> None:
    run = succeeded(airflow, runs.of_a_day["daily_chain"])
    extract, transform, report = (
        finished(aws, airflow.xcom(run, task)) for task in ("extract", "transform", "report")
    )
    assert [job["status"] for job in (extract, transform, report)] == ["SUCCEEDED"] * 3
    assert last_line(aws, extract, 2) == "2026-02-03 part 2: extracted"
    assert last_line(aws, transform, 0) == "2026-02-03 part 0: transformed"
    assert last_line(aws, report) == "2026-02-03: 3 parts are done"
    assert transform["dependsOn"] == [{"jobId": extract["jobId"], "type": "N_TO_N"}]
    assert [job["jobId"] for job in report["dependsOn"]] == [extract["jobId"], transform["jobId"]]
    assert report["tags"].items() >= {"team": "data", "day": "2026-02-03"}.items()


def test_the_daily_chain_takes_a_share_of_a_fair_share_queue(
    airflow: RealAirflow, aws: LocalBatch, tmp_path: Path
) -> None:
    aws.create_queue("fair", fair_share=True)
    share = {"AWS_BATCH_SHARE_IDENTIFIER": "daily", "AWS_BATCH_SCHEDULING_PRIORITY": "10"}
    chain = (EXAMPLES / "daily_chain.py").read_text()
    assert chain.count('"daily_chain"') == chain.count("default_args={") == 1
    chain = chain.replace('"daily_chain"', '"fair_share"')
    chain = chain.replace("default_args={", 'default_args={"job_queue": "fair",')
    file = tmp_path / "fair_share.py"
    file.write_text(f"import os\nos.environ |= {share}\n{chain}")
    airflow.add_dags(file)
    run = succeeded(airflow, airflow.trigger("fair_share", logical_date=DAY))
    for task in ("extract", "transform", "report"):
        job = finished(aws, airflow.xcom(run, task))
        assert (job["shareIdentifier"], job["schedulingPriority"]) == ("daily", 10)


def test_a_join_waits_for_every_job_of_a_mapped_task(
    airflow: RealAirflow, runs: Runs, aws: LocalBatch
) -> None:
    run = succeeded(airflow, runs.by_hand["mapped_fan_out"])
    counts = [finished(aws, airflow.xcom(run, f"count[{index}]")) for index in range(3)]
    join = finished(aws, airflow.xcom(run, "join"))
    assert [last_line(aws, job) for job in counts] == [
        "counting in Kyoto",
        "counting in Lisbon",
        "counting in Quito",
    ]
    assert {job["jobId"] for job in join["dependsOn"]} == {job["jobId"] for job in counts}
    assert join["startedAt"] >= max(job["stoppedAt"] for job in counts)


def test_without_the_parameter_the_same_dag_submits(
    airflow: RealAirflow, runs: Runs, aws: LocalBatch
) -> None:
    run = succeeded(airflow, runs.by_hand["dry_run_by_param"])
    assert last_line(aws, finished(aws, airflow.xcom(run, "check"))) == "checked"


def test_the_children_of_an_array_share_a_list(
    airflow: RealAirflow, runs: Runs, aws: LocalBatch
) -> None:
    run = succeeded(airflow, runs.by_hand["items"])
    transform, check = (finished(aws, airflow.xcom(run, task)) for task in ("transform", "check"))
    assert [job["arrayProperties"]["size"] for job in (transform, check)] == [3, 3]
    assert last_line(aws, transform, 2) == 'transforming "s3://bucket/day/part 4.parquet"'
    assert [last_line(aws, check, index).strip() for index in range(3)] == ["2", "2", "1"]
    assert check["dependsOn"] == [{"jobId": transform["jobId"], "type": "N_TO_N"}]


def test_json_files_are_rendered_and_explicit_arguments_win(
    airflow: RealAirflow, runs: Runs, aws: LocalBatch
) -> None:
    run = succeeded(airflow, runs.of_a_day["json_files"])
    job = finished(aws, airflow.xcom(run, "submit"))
    assert last_line(aws, job) == "working on 2026-02-03 in mode quick"
    assert job["parameters"] == {"day": "2026-02-03", "bucket": "s3://example-bucket/json_files/"}
    sizes = {entry["type"]: entry["value"] for entry in job["container"]["resourceRequirements"]}
    assert sizes == {"VCPU": "0.25", "MEMORY": "1024"}


def test_two_containers_share_a_job(airflow: RealAirflow, runs: Runs, aws: LocalBatch) -> None:
    airflow.wait(runs.by_hand["containers"])
    job = finished(aws, airflow.xcom(runs.by_hand["containers"], "train"))
    assert job["status"] == "SUCCEEDED"
    [task] = job["ecsProperties"]["taskProperties"]
    main, metrics = task["containers"]
    assert last_line(aws, {"container": main}) == "trained"
    assert metrics["environment"] == [{"name": "STAGE", "value": "dev"}]
    assert airflow.xcom(runs.by_hand["containers"], "train", "job")["memory"] == 8192


def test_mapped_tasks_end_in_the_triggerer(
    airflow: RealAirflow, runs: Runs, aws: LocalBatch
) -> None:
    by_worker = "a worker ends the task: Airflow 3.0 may stop scheduling"
    end = "ending the task in the triggerer" if LINE.ends_in_triggerer else by_worker
    run = runs.by_hand["finish_in_triggerer"]
    airflow.wait(run)
    for index, city in enumerate(("Kyoto", "Lisbon", "Quito")):
        assert end in airflow.log(run, f"load[{index}]")
        job = finished(aws, airflow.xcom(run, f"load[{index}]"))
        assert last_line(aws, job) == f"loading {city}"


def test_a_retry_learns_from_the_job_before(
    airflow: RealAirflow, runs: Runs, aws: LocalBatch
) -> None:
    run = succeeded(airflow, runs.by_hand["retries_that_learn"])
    assert "try 2: 1024 MiB, because try 1 ran out of 512" in airflow.log(run, "load")
    assert airflow.xcom(run, "load", "job")["memory"] == 1024
    job = finished(aws, airflow.xcom(run, "load"))
    assert last_line(aws, job) == "loaded"


def test_a_parameter_turns_a_whole_dag_into_a_dry_run(
    airflow: RealAirflow, runs: Runs, aws: LocalBatch
) -> None:
    for run in (*runs.by_hand.values(), *runs.of_a_day.values()):  # then nobody else asks AWS
        airflow.wait(run)
    before = len(aws.requests)
    conf = {"dry_run": True}
    run = succeeded(airflow, airflow.trigger("dry_run_by_param", conf=conf, logical_date=DAY))
    assert len(aws.requests) == before
    assert airflow.xcom(run, "load").startswith("dry-run:")
    request = airflow.xcom(run, "check", "request")
    assert request["dependsOn"] == [{"jobId": airflow.xcom(run, "load")}]
