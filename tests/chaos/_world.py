"""The two sides of the run: an Airflow that recovers fast, and an AWS that tells the truth."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil
import requests

from airflow_fargate_batch.core.naming import SUBMISSION_TAG
from airflow_fargate_batch.core.status import FINAL, JobStatus
from airflow_fargate_batch.local import LocalBatch
from tests.airflow._postgres import find_postgres
from tests.airflow.harness import LINE, RealAirflow, Run
from tests.chaos._verdict import DEPLOYMENT, Job, Task

DAG_ID: Final = "chaos"
DAG_FILE: Final = Path(__file__).with_name("dags") / "chaos.py"
CONNECTION: Final = "aws_chaos"
RETRIES: Final = {"always": 1}
"""Of the tasks whose fate is told here; three of all others, as the DAG says."""

_RECOVERY: Final = {
    "TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
    "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "CORE__PARALLELISM": "12",
}
_RECOVERY_2: Final = {
    "SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "30",
    "SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "4",
    "SCHEDULER__LOCAL_TASK_JOB_HEARTBEAT_SEC": "3",
}
_RECOVERY_3: Final = {
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "4",
    "WORKERS__MIN_HEARTBEAT_INTERVAL": "3",
}
"""How soon the scheduler takes a silent worker for dead. Shorter, and a busy machine would run one
try twice at once, against which there is no protection (`test_submission_model.py`)."""


class ChaosAirflow(RealAirflow):
    """A real Airflow that finds out in seconds, not minutes, who is dead."""

    def __init__(self, *, home: Path) -> None:
        settings = _RECOVERY | (_RECOVERY_2 if LINE.needs_postgres else _RECOVERY_3)
        settings |= {"FARGATE_BATCH__DEPLOYMENT": DEPLOYMENT}
        environment = {f"AIRFLOW__{name}": value for name, value in settings.items()}
        on_postgres = LINE.needs_postgres or find_postgres() is not None
        super().__init__(home=home, environment=environment, on_postgres=on_postgres)
        self._triggerer_since = time.monotonic()

    def instances(self, *states: str) -> list[dict[str, Any]]:
        """Give all task instances of the DAG, or those in some states, as the API tells them."""
        path = f"dags/{DAG_ID}/dagRuns/~/taskInstances"
        params = {"state": list(states), "limit": 5000}
        answer: list[dict[str, Any]] = self._api("GET", path, params=params)["task_instances"]
        return answer

    def runs(self) -> dict[str, str]:
        """Give the state of every run."""
        answer = self._api("GET", f"dags/{DAG_ID}/dagRuns", params={"limit": 5000})
        return {run["dag_run_id"]: run["state"] for run in answer["dag_runs"]}

    def tasks(self) -> list[Task]:
        """Give all task instances with what they returned."""
        return [self._task(instance) for instance in self.instances()]

    def _task(self, instance: dict[str, Any]) -> Task:
        task_id, map_index = instance["task_id"], instance["map_index"]
        run = Run(DAG_ID, instance["dag_run_id"])
        name = task_id if map_index < 0 else f"{task_id}[{map_index}]"
        retries = RETRIES.get(task_id.partition("_")[2], 3)
        return Task(
            dag_id=DAG_ID,
            run_id=run.run_id,
            task_id=task_id,
            map_index=map_index,
            state=instance["state"] or "none",
            generation=instance["max_tries"] - retries,
            job_id=self.xcom(run, name),
            waits=instance["trigger"] is not None,
        )

    def _api(self, method: str, path: str, **request: Any) -> Any:
        """Ask again where a question was not answered: the API server shares a busy machine."""
        for _ in range(5 if method == "GET" else 0):
            with suppress(requests.RequestException):
                return super()._api(method, path, **request)
        return super()._api(method, path, **request)

    # --- Killing --------------------------------------------------------------------------------

    def kill_process(self, pid: int) -> bool:
        """Kill a task's process alone, as when memory runs out; whoever supervises it reports."""
        with suppress(psutil.NoSuchProcess):
            task = psutil.Process(pid)
            if task.status() != psutil.STATUS_ZOMBIE:
                task.kill()
                return True
        return False

    def kill_worker(self, pid: int) -> bool:
        """Kill a task's process and its supervisor, as when a machine is lost: nobody reports.

        The supervisor is stopped first, and killed only if it still supervises: an idle one holds
        the lock of the executor's queue, which would stand still for ever.
        """
        with suppress(psutil.NoSuchProcess):
            task = psutil.Process(pid)
            supervisor = task.parent()
            if supervisor is None or supervisor.pid in self._component_pids:
                return False
            supervisor.suspend()
            if task.is_running() and task.status() != psutil.STATUS_ZOMBIE:
                supervisor.kill()
                task.kill()
                return True
            supervisor.resume()
        return False

    def kill_triggerer(self) -> bool:
        """Kill the triggerer and restart it, unless it has only just been started."""
        if time.monotonic() - self._triggerer_since < 20:
            return False
        self.kill("triggerer", signal.SIGKILL)
        self.restart("triggerer")
        self._triggerer_since = time.monotonic()
        return True

    @property
    def _component_pids(self) -> set[int]:
        return {process.pid for process in self._components.values()} | {os.getpid()}


def truth(aws: LocalBatch) -> list[Job]:
    """Give all jobs as they truly are, past every fault."""
    engine = aws._engine
    with engine.lock:
        engine.settle()
        return [
            Job(
                id=job.job_id,
                name=job.submission.name,
                mark=job.submission.tags.get(SUBMISSION_TAG, ""),
                created=job.created_at,
                ended=job.history[-1][0] if job.status in FINAL else None,
                succeeded=job.status is JobStatus.SUCCEEDED,
                stopped=job.terminated_at,
            )
            for job in engine.submitted
        ]
