"""The operator in a real Airflow against LocalBatch: how tasks end, and what they leave behind."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import connect
from tests.airflow.harness import RealAirflow, Run

DAGS = Path(__file__).parent / "dags_operator"
DAY = datetime(2026, 2, 3, tzinfo=UTC)
SECRETS = {"long": "correct-horse-battery", "short": "~Z~", "vault": "kept-in-a-connection"}


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Runs that are triggered at once, since each mostly waits.

    Attributes:
        secretive: Runs of tasks with secrets: whether it is a dry run, and the run.
    """

    outcomes: Run
    secretive: dict[bool, Run]


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(speed=100) as aws:
        aws.script("*-deferred-*", exit_code=1)
        yield aws


@pytest.fixture(scope="session")
def airflow(real_airflow: RealAirflow, aws: LocalBatch) -> RealAirflow:
    """Give an Airflow whose connection says where Batch is, and which queue and definition."""
    connect(real_airflow, aws, "aws_operator")
    real_airflow.add_connection("vault", conn_type="generic", password=SECRETS["vault"])
    return real_airflow


@pytest.fixture(scope="session")
def runs(airflow: RealAirflow) -> Runs:
    airflow.add_dags(DAGS / "operator_outcomes.py", DAGS / "secrets_in_every_form.py")
    secrets = {name: secret for name, secret in SECRETS.items() if name != "vault"}
    return Runs(
        outcomes=airflow.trigger("operator_outcomes", logical_date=DAY),
        secretive={
            dry_run: airflow.trigger(
                "secrets_in_every_form", conf={"dry_run": dry_run, **secrets}, logical_date=None
            )
            for dry_run in (True, False)
        },
    )


@pytest.mark.triggers
def test_tasks_of_every_kind_are_triggered(airflow: RealAirflow, runs: Runs) -> None:
    assert all(map(airflow.states, [runs.outcomes, *runs.secretive.values()]))


@pytest.fixture(scope="session")
def outcomes(airflow: RealAirflow, runs: Runs) -> Run:
    airflow.wait(runs.outcomes)
    return runs.outcomes


def test_every_task_ends_as_it_should(airflow: RealAirflow, outcomes: Run) -> None:
    assert airflow.states(outcomes) == {
        "first": "success",
        "many[0]": "success",
        "many[1]": "success",
        "join": "success",
        "invalid": "failed",
        "empty": "skipped",
        "deferred": "failed",
        "dry[0]": "success",
        "dry[1]": "success",
        "dry_join": "success",
    }


def test_an_invalid_request_is_not_tried_again_and_submits_nothing(
    airflow: RealAirflow, outcomes: Run, aws: LocalBatch
) -> None:
    assert airflow.task_instances(outcomes)["invalid"]["try_number"] == 1
    assert "1 vCPU with 4000 MiB is not a Fargate size" in airflow.log(outcomes, "invalid")
    assert not [job for job in aws.jobs if "invalid" in job["jobName"]]


def test_each_try_of_a_deferred_task_whose_job_fails_has_a_job_of_its_own(
    airflow: RealAirflow, outcomes: Run, aws: LocalBatch
) -> None:
    assert airflow.task_instances(outcomes)["deferred"]["try_number"] == 2
    jobs = [job["jobId"] for job in aws.jobs if "-deferred-" in job["jobName"]]
    assert len(jobs) == 2
    assert airflow.xcom(outcomes, "deferred", "job")["job_id"] == jobs[1]


def test_job_ids_reach_later_tasks_in_every_nesting(
    airflow: RealAirflow, outcomes: Run, aws: LocalBatch
) -> None:
    jobs = {job["jobId"]: job for job in aws.jobs}
    first, *many = (airflow.xcom(outcomes, task) for task in ("first", "many[0]", "many[1]"))
    join = airflow.xcom(outcomes, "join")
    assert [jobs[job_id]["dependsOn"] for job_id in many] == [
        [{"jobId": first, "type": "N_TO_N"}]
    ] * 2
    assert [each["jobId"] for each in jobs[join]["dependsOn"]] == [*many, first]


def test_mapped_tasks_submit_under_names_of_their_own(
    airflow: RealAirflow, outcomes: Run, aws: LocalBatch
) -> None:
    names = {job["jobId"]: job["jobName"] for job in aws.jobs}
    for index in range(2):
        name = names[airflow.xcom(outcomes, f"many[{index}]")]
        assert name.startswith(f"fargate-job-operator_outcomes-many-{index}-")


def test_a_dry_run_needs_no_connection_and_later_ones_may_depend_on_it(
    airflow: RealAirflow, outcomes: Run
) -> None:
    placeholders = [airflow.xcom(outcomes, f"dry[{index}]") for index in range(2)]
    assert all(
        each.startswith("dry-run:fargate-job-operator_outcomes-dry-") for each in placeholders
    )
    request = airflow.xcom(outcomes, "dry_join", "request")
    assert request["dependsOn"] == [{"jobId": each} for each in placeholders]


def test_the_links_lead_to_job_definition_and_queue(airflow: RealAirflow, outcomes: Run) -> None:
    links = airflow._api("GET", f"{airflow._path(outcomes, 'join')}/links")
    pages = links.get("extra_links", links)
    assert airflow.xcom(outcomes, "join") in pages["AWS Batch job"]
    assert "job-definition" in pages["AWS Batch job definition"]
    assert "queues" in pages["AWS Batch job queue"]


@pytest.fixture(scope="module", params=[True, False], ids=["dry run", "submit"])
def secretive(request: pytest.FixtureRequest, airflow: RealAirflow, runs: Runs) -> Run:
    """Give a run of tasks that were given secrets."""
    run = runs.secretive[request.param]
    airflow.wait(run)
    return run


def test_no_task_lets_a_secret_out(airflow: RealAirflow, secretive: Run) -> None:
    for task, state in airflow.states(secretive).items():
        refused = task == "containers_of_ecs" and airflow.xcom(secretive, task, "request") is None
        assert state == ("failed" if refused else "success"), airflow.log(secretive, task)
        left = {
            "log": airflow.log(secretive, task),
            "rendered fields": json.dumps(airflow.rendered(secretive, task)),
            "request": json.dumps(airflow.xcom(secretive, task, "request")),
        }
        found = {
            (task, place, name)
            for place, text in left.items()
            for name, secret in SECRETS.items()
            if secret in text
        }
        assert not found
        assert "Kyoto" in left["rendered fields"]


def test_no_component_lets_out_what_a_connection_keeps(
    airflow: RealAirflow,
    secretive: Run,  # noqa: ARG001 - it has run
) -> None:
    logs = {log.name: log.read_text(errors="replace") for log in airflow.home.glob("*.log")}
    assert logs
    assert not [name for name, text in logs.items() if SECRETS["vault"] in text]


def test_aws_got_the_secrets(airflow: RealAirflow, secretive: Run, aws: LocalBatch) -> None:
    if airflow.xcom(secretive, "environment_list", "request"):
        pytest.skip("a dry run submits nothing")
    jobs = {job["jobId"]: job for job in aws.jobs}
    for task in ("environment_list", "overrides_json", "mapped[2]"):
        sent = json.dumps(jobs[airflow.xcom(secretive, task)]["container"]["environment"])
        assert all(secret in sent for secret in SECRETS.values())
