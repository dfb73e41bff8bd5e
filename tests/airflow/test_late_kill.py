"""Processes that are ended while tasks wait, in a real Airflow: which of them terminate the job.

Airflow starts a try while the process of the try before still runs, if a heartbeat was missed, here
because the process froze, or if a scheduler was restarted. It also starts a trigger while the
triggerer that ran the trigger still lives, and has only frozen.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.harness import RealAirflow, Run
from tests.airflow.test_waiting_runs import (
    UNFINISHED,
    asked_about,
    discard,
    ids,
    jobs_of,
    terminated,
    until,
    until_watched,
)

DAGS = Path(__file__).with_name("dags_late_kill") / "late_kill.py"
DAG_IDS = ("late_kill", "late_kill_discarded", "late_kill_restarted", "late_kill_taken_over")
RUNTIME = 1000.0
LETS_OLD_PROCESSES_LIVE = version("apache-airflow").startswith("2.11")
"""2.11 only logs that another process runs the task; the old one waits until the job has ended."""
CLEARS_RUNNING = not version("apache-airflow").startswith(("2.11", "3.0"))
"""2.11 often loses such a request; 3.0 leaves the task in ``restarting`` for minutes."""
ENDED = {
    "marked_failed": "The task was set to failed",
    "marked_success": "The task was set to success",
    "marked_deferred": "The task was set to failed",
    **({"cleared": "The task was cleared"} if CLEARS_RUNNING else {}),
    "timed_out": "The task's execution_timeout expired",
    "discarded": "The ",  # a DAG run that is deleted, or failed where a live one cannot be
}
LEFT_ALONE = ("frozen", "stopped", "restarted", "taken_over")
IMPATIENT = {
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "40",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "40",  # 2.11's names of the same
    "SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "5",
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
}


@dataclass(kw_only=True)
class Story:
    """What happened: ``logs`` of the tasks that were left alone, ``states`` at the end."""

    aws: LocalBatch
    logs: dict[str, str]
    states: dict[str, str]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as aws:
        aws.script(runtime=RUNTIME)
        yield aws


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, aws: LocalBatch) -> Iterator[RealAirflow]:
    """Give an Airflow that misses a heartbeat, or a scheduler, within a minute."""
    environment = {f"AIRFLOW__{name}": value for name, value in IMPATIENT.items()}
    home = tmp_path_factory.mktemp("late-kill")
    with RealAirflow(home=home, environment=environment, on_postgres=True) as airflow:
        airflow.add_connection(
            "aws_waiting",
            login="local",
            password="local",
            extra={"region_name": aws.region, "endpoint_url": aws.url},
        )
        airflow.add_dags(DAGS, dag_ids=DAG_IDS)
        yield airflow


@pytest.fixture(scope="module")
def story(airflow: RealAirflow, aws: LocalBatch) -> Story:
    """Live through it all, once for all tests here."""
    run, discarded = airflow.trigger("late_kill"), airflow.trigger("late_kill_discarded")
    taken_over = airflow.trigger("late_kill_taken_over")
    until(lambda: all(jobs_of(aws, fate) for fate in (*ENDED, "frozen", "stopped")))
    until_watched(aws, "taken_over")
    until_watched(aws, "marked_deferred")
    aws.advance(30)
    airflow.mark(taken_over, "marked_deferred", "failed")
    until(lambda: jobs_of(aws, "marked_deferred")[0]["jobId"] in terminated(aws.requests))

    frozen = processes(airflow, run, "frozen")
    for process in reversed(frozen):
        process.suspend()
    old_triggerer = freeze_triggerer(airflow)
    airflow._start("triggerer")
    airflow.task_process(run, "stopped").terminate()
    airflow.mark(run, "marked_failed", "failed")
    airflow.mark(run, "marked_success", "success")
    if CLEARS_RUNNING:
        airflow.clear(run, "cleared")
    discard(airflow, discarded)
    first_jobs = {jobs_of(aws, fate)[0]["jobId"] for fate in ENDED}
    until(lambda: first_jobs <= set(terminated(aws.requests)))
    until(lambda: len(jobs_of(aws, "cleared")) == 1 + CLEARS_RUNNING)
    until(lambda: has_adopted(airflow, run, "frozen"))
    asked = len(aws.requests)
    until(lambda: ids(jobs_of(aws, "taken_over")) <= asked_about(aws.requests[asked:]))
    for process in (*frozen, *old_triggerer):
        process.resume()
    until(lambda: LETS_OLD_PROCESSES_LIVE or not is_alive(frozen[0]))
    until(lambda: "running: the task is still deferred" in airflow.log(taken_over, "taken_over"))
    aws.advance(RUNTIME + 60)
    for some in (run, taken_over):
        until(partial(has_ended, airflow, some))

    restarted = airflow.trigger("late_kill_restarted")
    until(lambda: jobs_of(aws, "restarted"))
    aws.advance(30)
    old = processes(airflow, restarted, "restarted")
    restart_scheduler(airflow)
    until(lambda: has_adopted(airflow, restarted, "restarted"))
    until(lambda: LETS_OLD_PROCESSES_LIVE or not is_alive(old[0]))
    aws.advance(RUNTIME + 60)
    until(partial(has_ended, airflow, restarted))
    return Story(
        aws=aws,
        logs={
            "frozen": airflow.log(run, "frozen"),
            "stopped": airflow.log(run, "stopped"),
            "restarted": airflow.log(restarted, "restarted"),
            "taken_over": airflow.log(taken_over, "taken_over"),
        },
        states=airflow.states(run) | airflow.states(restarted) | airflow.states(taken_over),
    )


def processes(airflow: RealAirflow, run: Run, task: str) -> list[psutil.Process]:
    """Give the process that executes a task, and the one that supervises it."""
    runner = airflow.task_process(run, task)
    supervisor = runner.parent()
    assert supervisor is not None
    return [runner, supervisor]


def freeze_triggerer(airflow: RealAirflow) -> list[psutil.Process]:
    """Freeze a triggerer, and the process that runs its triggers."""
    triggerer = psutil.Process(airflow.pid("triggerer"))
    frozen = [triggerer, *triggerer.children(recursive=True)]
    for process in frozen:
        process.suspend()
    return frozen


def is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def has_adopted(airflow: RealAirflow, run: Run, task: str) -> bool:
    return "Adopted job" in airflow.log(run, task) and airflow.states(run)[task] == "running"


def has_ended(airflow: RealAirflow, run: Run) -> bool:
    return UNFINISHED.isdisjoint(airflow.states(run).values())


def restart_scheduler(airflow: RealAirflow) -> None:
    """End it as an orchestrator does: gently, then for good; its workers live on."""
    scheduler = psutil.Process(airflow.pid("scheduler"))
    scheduler.send_signal(signal.SIGTERM)
    time.sleep(5)
    with suppress(psutil.NoSuchProcess):
        scheduler.kill()
    until(lambda: not is_alive(scheduler))
    airflow.restart("scheduler")


@pytest.mark.parametrize("fate", LEFT_ALONE)
def test_a_job_outlives_a_process_while_its_task_goes_on(story: Story, fate: str) -> None:
    [job] = jobs_of(story.aws, fate)
    assert job["status"] == "SUCCEEDED"
    assert story.states[fate] == "success"
    assert job["jobId"] not in terminated(story.aws.requests)


@pytest.mark.parametrize(
    "fate", ("stopped", "taken_over") if LETS_OLD_PROCESSES_LIVE else LEFT_ALONE
)
def test_the_process_that_leaves_a_job_running_says_which_and_why(story: Story, fate: str) -> None:
    [job] = jobs_of(story.aws, fate)
    assert f"Job {job['jobId']} is left running: " in story.logs[fate]


@pytest.mark.parametrize("fate", ENDED)
def test_the_end_of_a_task_is_the_end_of_its_job_which_says_why(story: Story, fate: str) -> None:
    job = jobs_of(story.aws, fate)[0]
    assert job["status"] == "FAILED"
    assert job["statusReason"].startswith(ENDED[fate])
    assert f"task {fate}, " in job["statusReason"]
    times = terminated(story.aws.requests).count(job["jobId"])
    assert times == 1 or fate == "cleared"  # by the old process, and by the next try as well


@pytest.mark.skipif(not CLEARS_RUNNING, reason="this Airflow does not clear what runs")
def test_a_cleared_task_has_a_new_job(story: Story) -> None:
    assert [job["status"] for job in jobs_of(story.aws, "cleared")] == ["FAILED", "SUCCEEDED"]
    assert story.states["cleared"] == "success"
