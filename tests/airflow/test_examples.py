"""Every example DAG, as it is, in a real Airflow against LocalBatch, its commands really run."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import DEFINITION, connect
from tests.airflow.dag_tester import DagTester
from tests.airflow.harness import RealAirflow, Run
from tests.patience import until

EXAMPLES = Path(__file__).parents[2] / "dags_examples"
DAY = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def airflow(real_airflow: RealAirflow, aws: LocalBatch) -> RealAirflow:
    """Give an Airflow whose connection says where Batch is, and which queue and definition."""
    connect(real_airflow, aws)
    return real_airflow


def run_example(airflow: RealAirflow, name: str, **conf: Any) -> Run:
    """Run an example to its end, in which every task must have succeeded."""
    files = [file for file in (EXAMPLES / name, EXAMPLES / f"{name}.py") if file.exists()]
    airflow.add_dags(*files)
    run = airflow.trigger(name, conf=conf, logical_date=DAY)
    states = airflow.wait(run)
    assert set(states.values()) == {"success"}, (states, *(airflow.log(run, t) for t in states))
    return run


NAMES = sorted(file.stem for file in EXAMPLES.glob("*.py"))


@pytest.fixture(scope="module")
def by_hand(airflow: RealAirflow) -> dict[str, Run]:
    """Trigger all examples at once, without a logical date: on Airflow 3 they have no ``ds``."""
    airflow.add_dags(*(file for name in NAMES for file in EXAMPLES.glob(f"{name}*")))
    return {name: airflow.trigger(name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_runs_when_it_is_triggered_by_hand(
    airflow: RealAirflow, by_hand: dict[str, Run], name: str
) -> None:
    run = by_hand[name]
    states = airflow.wait(run)
    assert set(states.values()) == {"success"}, (states, *(airflow.log(run, t) for t in states))


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


def test_the_daily_chain_runs_part_after_part(airflow: RealAirflow, aws: LocalBatch) -> None:
    run = run_example(airflow, "daily_chain")
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
    dag_tester: DagTester, aws: LocalBatch
) -> None:
    aws.create_queue("fair", fair_share=True)
    tested = dag_tester.run(
        EXAMPLES / "daily_chain.py",
        "daily_chain",
        environment=aws.environ
        | {
            "AWS_BATCH_JOB_QUEUE": "fair",
            "AWS_BATCH_JOB_DEFINITION": DEFINITION,
            "AWS_BATCH_SHARE_IDENTIFIER": "daily",
            "AWS_BATCH_SCHEDULING_PRIORITY": "10",
        },
    )
    assert tested.ok, tested.output
    report = finished(aws, tested.xcom("report"))
    assert (report["shareIdentifier"], report["schedulingPriority"]) == ("daily", 10)


def test_a_join_waits_for_every_job_of_a_mapped_task(airflow: RealAirflow, aws: LocalBatch) -> None:
    run = run_example(airflow, "mapped_fan_out")
    counts = [finished(aws, airflow.xcom(run, f"count[{index}]")) for index in range(3)]
    join = finished(aws, airflow.xcom(run, "join"))
    assert [last_line(aws, job) for job in counts] == [
        "counting in Kyoto",
        "counting in Lisbon",
        "counting in Quito",
    ]
    assert {job["jobId"] for job in join["dependsOn"]} == {job["jobId"] for job in counts}
    assert join["startedAt"] >= max(job["stoppedAt"] for job in counts)


def test_a_parameter_turns_a_whole_dag_into_a_dry_run(
    airflow: RealAirflow, aws: LocalBatch
) -> None:
    before = len(aws.requests)
    run = run_example(airflow, "dry_run_by_param", dry_run=True)
    assert len(aws.requests) == before
    assert airflow.xcom(run, "load").startswith("dry-run:")
    request = airflow.xcom(run, "check", "request")
    assert request["dependsOn"] == [{"jobId": airflow.xcom(run, "load")}]


def test_without_the_parameter_the_same_dag_submits(airflow: RealAirflow, aws: LocalBatch) -> None:
    airflow.add_dags(EXAMPLES / "dry_run_by_param.py")
    run = airflow.trigger("dry_run_by_param")
    airflow.wait(run)
    assert last_line(aws, finished(aws, airflow.xcom(run, "check"))) == "checked"


def test_the_children_of_an_array_share_a_list(airflow: RealAirflow, aws: LocalBatch) -> None:
    run = run_example(airflow, "items")
    transform, check = (finished(aws, airflow.xcom(run, task)) for task in ("transform", "check"))
    assert [job["arrayProperties"]["size"] for job in (transform, check)] == [3, 3]
    assert last_line(aws, transform, 2) == 'transforming "s3://bucket/day/part 4.parquet"'
    assert [last_line(aws, check, index).strip() for index in range(3)] == ["2", "2", "1"]
    assert check["dependsOn"] == [{"jobId": transform["jobId"], "type": "N_TO_N"}]


def test_json_files_are_rendered_and_explicit_arguments_win(
    airflow: RealAirflow, aws: LocalBatch
) -> None:
    job = finished(aws, airflow.xcom(run_example(airflow, "json_files", mode="quick"), "submit"))
    assert last_line(aws, job) == "working on 2026-02-03 in mode quick"
    assert job["parameters"] == {"day": "2026-02-03", "bucket": "s3://example-bucket/json_files/"}
    sizes = {entry["type"]: entry["value"] for entry in job["container"]["resourceRequirements"]}
    assert sizes == {"VCPU": "0.25", "MEMORY": "1024"}


def test_two_containers_share_a_job(
    by_hand: dict[str, Run], airflow: RealAirflow, aws: LocalBatch
) -> None:
    airflow.wait(by_hand["containers"])
    job = finished(aws, airflow.xcom(by_hand["containers"], "train"))
    assert job["status"] == "SUCCEEDED"
    [task] = job["ecsProperties"]["taskProperties"]
    main, metrics = task["containers"]
    assert last_line(aws, {"container": main}) == "trained"
    assert metrics["environment"] == [{"name": "STAGE", "value": "dev"}]
    assert airflow.xcom(by_hand["containers"], "train", "job")["memory"] == 8192


def test_mapped_tasks_end_in_the_triggerer(
    by_hand: dict[str, Run], airflow: RealAirflow, aws: LocalBatch
) -> None:
    run = by_hand["finish_in_triggerer"]
    airflow.wait(run)
    for index, city in enumerate(("Kyoto", "Lisbon", "Quito")):
        assert "the task ends in the triggerer" in airflow.log(run, f"load[{index}]")
        job = finished(aws, airflow.xcom(run, f"load[{index}]"))
        assert last_line(aws, job) == f"loading {city}"


def test_a_retry_learns_from_the_job_before(airflow: RealAirflow, aws: LocalBatch) -> None:
    aws.script("*-retries_that_learn-load-*", needs_memory=1024)
    run = run_example(airflow, "retries_that_learn")
    assert "try 2: 1024 MiB, because try 1 ran out of 512" in airflow.log(run, "load")
    assert airflow.xcom(run, "load", "job")["memory"] == 1024
    job = finished(aws, airflow.xcom(run, "load"))
    assert last_line(aws, job) == "loaded"
