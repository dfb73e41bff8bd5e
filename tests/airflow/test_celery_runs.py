"""Tasks in separate workers: CeleryExecutor with Redis, PostgreSQL and two workers.

Each worker executes one task at a time, and each has a configuration of its own. The workers share
the folder of logs and Airflow's Fernet key, as they would on machines of their own.
"""

import base64
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow._redis import redis
from tests.airflow.harness import RealAirflow, Run
from tests.airflow.test_late_kill import IMPATIENT, has_adopted, has_ended, is_alive, processes
from tests.airflow.test_waiting_runs import jobs_of, terminated, until

DAGS = Path(__file__).with_name("dags_celery") / "celery_runs.py"
FATES = ("killed", "cleared", "frozen")
RUNTIME = 1000.0
WORKERS = ("worker-1", "worker-2")
EXPECTED_JOBS = {"extract": 1, "transform": 1, "report": 1, "killed": 1, "cleared": 2, "frozen": 1}


def has_celery() -> bool:
    try:
        version("apache-airflow-providers-celery")
    except PackageNotFoundError:
        return False
    return True


pytestmark = pytest.mark.skipif(
    not has_celery(), reason="the Celery provider is in an environment of its own: make test-celery"
)


@dataclass(kw_only=True)
class Story:
    """What happened.

    Attributes:
        runs: A DAG run by its DAG's name, without ``celery_``.
        workers: By the task, the workers of its first and its second try.
        states: Of all tasks, when all was over.
    """

    airflow: RealAirflow
    aws: LocalBatch
    runs: dict[str, Run]
    workers: dict[str, tuple[str, str]]
    states: dict[str, str]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as aws:
        for fate in FATES:
            aws.script(f"{fate}-*", runtime=RUNTIME)
        yield aws


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, aws: LocalBatch) -> Iterator[RealAirflow]:
    home = tmp_path_factory.mktemp("celery")
    with redis() as broker:
        settings = IMPATIENT | {
            "CORE__EXECUTOR": "CeleryExecutor",
            "CORE__FERNET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "CELERY__BROKER_URL": broker,
            "CELERY__WORKER_CONCURRENCY": "1",
        }
        environment = {f"AIRFLOW__{name}": value for name, value in settings.items()}
        with RealAirflow(
            home=home, environment=environment, on_postgres=True, workers=len(WORKERS)
        ) as airflow:
            airflow.add_connection(
                "aws_waiting",
                login="local",
                password="local",
                extra={"region_name": aws.region, "endpoint_url": aws.url},
            )
            airflow.add_dags(DAGS, dag_ids=("celery_chain", *(f"celery_{fate}" for fate in FATES)))
            yield airflow


@pytest.fixture(scope="module")
def story(airflow: RealAirflow, aws: LocalBatch) -> Story:
    """Live through it all, once for all tests here."""
    runs = {"chain": airflow.trigger("celery_chain")}
    until(lambda: has_gone_on(aws, 10) and has_ended(airflow, runs["chain"]))

    workers = {}
    for fate in FATES:
        runs[fate] = run = airflow.trigger(f"celery_{fate}")
        until(partial(jobs_of, aws, fate))
        aws.advance(30)
        first = worker_of(airflow, run, fate)
        {"killed": kill, "cleared": clear, "frozen": clear_frozen}[fate](airflow, aws, run, first)
        workers[fate] = (first, worker_of(airflow, run, fate))
        aws.advance(RUNTIME + 60)
        until(partial(has_ended, airflow, run))
    states = [airflow.states(run) for run in runs.values()]
    return Story(
        airflow=airflow,
        aws=aws,
        runs=runs,
        workers=workers,
        states={task: state for of_run in states for task, state in of_run.items()},
    )


def has_gone_on(aws: LocalBatch, seconds: float) -> bool:
    aws.advance(seconds)
    return True


def kill(airflow: RealAirflow, aws: LocalBatch, run: Run, worker: str) -> None:
    """Kill a worker with all its processes, wait for the next try, and start the worker again."""
    airflow.kill(worker)
    until(lambda: has_adopted(airflow, run, "killed") or len(jobs_of(aws, "killed")) > 1)
    airflow.restart(worker)


def clear(airflow: RealAirflow, aws: LocalBatch, run: Run, worker: str) -> None:
    """Clear a task while its worker shuts down: the worker takes no further task."""
    airflow.clear(run, "cleared")
    airflow.kill(worker, signal.SIGTERM)
    until(lambda: len(jobs_of(aws, "cleared")) == 2)
    airflow.restart(worker)


def clear_frozen(airflow: RealAirflow, aws: LocalBatch, run: Run, _: str) -> None:
    """Clear a task whose process is silent, and which goes on beside that of the next try."""
    old = processes(airflow, run, "frozen")
    for process in reversed(old):
        process.suspend()
    airflow.clear(run, "frozen")
    until(lambda: has_adopted(airflow, run, "frozen") or len(jobs_of(aws, "frozen")) > 1)
    for process in old:
        process.resume()
    until(lambda: not is_alive(old[0]))


def worker_of(airflow: RealAirflow, run: Run, task: str) -> str:
    """Name the worker that executes a task."""
    above = {process.pid for process in airflow.task_process(run, task).parents()}
    [worker] = [name for name in WORKERS if airflow.pid(name) in above]
    return worker


def text_of_log(story: Story, task: str, attempt: int) -> str:
    """Give the log of one try, as the API server has it for the UI."""
    path = f"{story.airflow._path(story.runs[task], task)}/logs/{attempt}"
    return str(story.airflow._api("GET", path, params={"full_content": "true"})["content"])


def test_every_task_succeeds(story: Story) -> None:
    assert story.states == dict.fromkeys(("extract", "transform", "report", *FATES), "success")


def test_as_many_jobs_are_found_as_expected(story: Story) -> None:
    assert Counter(job["jobName"].partition("-")[0] for job in story.aws.jobs) == EXPECTED_JOBS


def test_job_ids_reach_tasks_in_other_workers(story: Story) -> None:
    [extract], [transform], [report] = (
        jobs_of(story.aws, task) for task in ("extract", "transform", "report")
    )
    assert transform["dependsOn"] == [{"jobId": extract["jobId"], "type": "N_TO_N"}]
    assert [each["jobId"] for each in report["dependsOn"]] == [extract["jobId"], transform["jobId"]]
    assert story.airflow.xcom(story.runs["chain"], "report") == report["jobId"]


@pytest.mark.parametrize("fate", FATES)
def test_the_next_try_begins_on_the_other_worker(story: Story, fate: str) -> None:
    assert set(story.workers[fate]) == set(WORKERS)


@pytest.mark.parametrize("fate", ["killed", "frozen"])
def test_the_job_of_a_lost_process_is_adopted(story: Story, fate: str) -> None:
    """Also if the task was cleared: Airflow reports a retry if the process does not answer."""
    [job] = jobs_of(story.aws, fate)
    assert job["status"] == "SUCCEEDED"
    assert job["jobId"] not in terminated(story.aws.requests)
    assert story.airflow.xcom(story.runs[fate], fate) == job["jobId"]


def test_a_cleared_tasks_job_is_terminated_and_followed_by_a_new_one(story: Story) -> None:
    old, new = jobs_of(story.aws, "cleared")
    assert (old["status"], new["status"]) == ("FAILED", "SUCCEEDED")
    assert old["statusReason"].startswith("The task was cleared")
    assert new["jobId"] not in terminated(story.aws.requests)
    assert story.airflow.xcom(story.runs["cleared"], "cleared") == new["jobId"]


@pytest.mark.parametrize("fate", FATES)
def test_each_try_has_its_log(story: Story, fate: str) -> None:
    first, last = jobs_of(story.aws, fate)[0]["jobId"], jobs_of(story.aws, fate)[-1]["jobId"]
    assert first in text_of_log(story, fate, 1)
    assert last in text_of_log(story, fate, 2)


@pytest.mark.parametrize("task", ["report", "killed"])
def test_the_link_leads_to_the_job(story: Story, task: str) -> None:
    run = story.runs.get(task, story.runs["chain"])
    links: dict[str, Any] = story.airflow._api("GET", f"{story.airflow._path(run, task)}/links")
    [job] = jobs_of(story.aws, task)
    assert job["jobId"] in links["extra_links"]["AWS Batch job"]
