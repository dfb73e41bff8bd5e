"""A real Airflow for tests: its own processes, ports, database and home, gone afterwards.

    with RealAirflow(home=tmp_path) as airflow:
        airflow.add_dags(Path("dags/chain.py"))
        run = airflow.trigger("chain")
        assert airflow.wait(run) == {"extract": "success", "transform[0]": "success"}

A task is named as in ``wait``'s answer: ``task`` or ``task[map index]``.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import requests

from tests.airflow._lines import installed_line
from tests.airflow._postgres import postgres
from tests.patience import PATIENCE

LINE = installed_line()
AIRFLOW = Path(sys.executable).with_name("airflow")
FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
CELERY_WORKER = ["celery", "worker", "--skip-serve-logs", "--celery-hostname", "{name}@localhost"]
DATABASE_TRIES = 10
TAIL = 40  # lines of each log in a failure's report


@dataclass(frozen=True)
class Run:
    """One DAG run."""

    dag_id: str
    run_id: str


def clean_environment() -> dict[str, str]:
    """Copy this process's environment, without its AWS account, its Airflow and its proxies."""
    strangers = ("AWS", "AIRFLOW", "PYTEST", "COV_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(strangers)}
    return env | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "SCARF_ANALYTICS": "false",
        "PYTHONWARNINGS": "ignore",
        "no_proxy": "*",
    }


class RealAirflow:
    """Scheduler, triggerer, and API server of this environment's Airflow, with LocalExecutor.

    :param home: an empty or missing directory; holds configuration, logs, DAGs and SQLite's file.
    :param environment: variables for every component, e.g. ``AWS_ENDPOINT_URL`` or
        ``AIRFLOW__TRIGGERER__DEFAULT_CAPACITY``; they win over the harness's own.
    :param on_postgres: PostgreSQL even where SQLite would do: hundreds of tasks at once want it.
    :param binary: ``airflow`` of another environment with the same version.
    :param only: the one component to start, for example the API server over written records.
    :param workers: Celery workers ``worker-1``, ``worker-2``, … to start besides, each with a
        configuration of its own; *environment* chooses the executor.
    """

    def __init__(
        self,
        *,
        home: Path,
        environment: Mapping[str, str] | None = None,
        on_postgres: bool = LINE.needs_postgres,
        binary: Path = AIRFLOW,
        only: str | None = None,
        workers: int = 0,
    ) -> None:
        self.home = home
        self.dags_folder = home / "dags"
        self.port = free_port()
        self._extra_environment = dict(environment or {})
        self._on_postgres = on_postgres
        self._binary = binary
        self._workers = {f"worker-{number}" for number in range(1, workers + 1)}
        self._names = [only] if only else [*LINE.components, *sorted(self._workers)]
        self._health_parts = ("metadatabase",) if only else LINE.health_parts
        self._cleanup = ExitStack()
        self._components: dict[str, subprocess.Popen[bytes]] = {}
        self._sessions: set[int] = set()
        self._http = requests.Session()
        self._http.trust_env = False  # loopback, whatever proxies the machine has

    def processes(self, *components: str) -> list[psutil.Process]:
        """Give the processes of some components, and all that these have started."""
        found: list[psutil.Process] = []
        for name in components:
            top = psutil.Process(self._components[name].pid)
            found += [top, *top.children(recursive=True)]
        return found

    # --- Start and stop -----------------------------------------------------------------------

    def __enter__(self) -> Self:
        with ExitStack() as stack:  # undone at once when anything below fails
            self.dags_folder.mkdir(parents=True, exist_ok=True)
            database = f"sqlite:///{self.home}/airflow.db"
            if self._on_postgres:
                database = stack.enter_context(postgres())
            stack.callback(self._stop)
            self.environment = self._settings(database)
            self._migrate()
            for name in self._names:
                self._start(name)
            self._await_health()
            self._cleanup = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._cleanup.close()

    def kill(self, component: str, sig: signal.Signals = signal.SIGKILL) -> None:
        """Signal one component, and its children when the signal leaves them no chance."""
        process = psutil.Process(self._components[component].pid)
        victims = [process, *(process.children(recursive=True) if sig == signal.SIGKILL else [])]
        for victim in victims:
            _signal(victim, sig)
        self._components[component].wait(timeout=PATIENCE)

    def restart(self, component: str) -> None:
        """Start a component that was killed, or end it gently first."""
        if self._components[component].poll() is None:
            self.kill(component, signal.SIGTERM)
        self._start(component)

    def pid(self, component: str) -> int:
        """Give the process id of a component, e.g. ``triggerer``."""
        return self._components[component].pid

    # --- DAGs, connections, runs ---------------------------------------------------------------

    def add_dags(self, *files: Path, dag_ids: tuple[str, ...] = ()) -> None:
        """Copy DAG files, and what they read, into the DAGs folder and wait for their DAGs.

        :param dag_ids: what to wait for; the stems of the Python files when omitted.
        """
        for file in files:
            place = self.dags_folder / file.name
            if file.is_dir():
                shutil.copytree(file, place, dirs_exist_ok=True)
            else:
                shutil.copy(file, place)
        for dag_id in dag_ids or tuple(file.stem for file in files if file.suffix == ".py"):
            self._until(partial(self._is_parsed, dag_id, files), f"DAG {dag_id}")

    def add_connection(self, conn_id: str, conn_type: str = "aws", **fields: Any) -> None:
        """Make or replace a connection; ``extra`` may be a mapping."""
        if isinstance(fields.get("extra"), Mapping):
            fields["extra"] = json.dumps(fields["extra"])
        body = {"connection_id": conn_id, "conn_type": conn_type, **fields}
        if self._api("GET", f"connections/{conn_id}", missing_ok=True) is None:
            self._api("POST", "connections", json=body)
        else:
            self._api("PATCH", f"connections/{conn_id}", json=body)

    def trigger(
        self,
        dag_id: str,
        *,
        conf: Mapping[str, Any] | None = None,
        logical_date: datetime | None = None,
        run_id: str | None = None,
    ) -> Run:
        """Start a run of a DAG; without a logical date it has no ``ds`` on Airflow 3."""
        body: dict[str, Any] = {**LINE.trigger_nulls, "conf": dict(conf or {})}
        if logical_date is not None:
            body["logical_date"] = logical_date.astimezone(UTC).isoformat()
        if run_id is not None:
            body["dag_run_id"] = run_id
        answer = self._api("POST", f"dags/{dag_id}/dagRuns", json=body)
        return Run(dag_id, answer["dag_run_id"])

    def wait(self, run: Run, *, timeout: float = PATIENCE) -> dict[str, str]:
        """Wait for the end of a run; give the state of every task."""

        def ended() -> bool:
            state = self._api("GET", f"dags/{run.dag_id}/dagRuns/{run.run_id}")["state"]
            return state in {"success", "failed"}

        self._until(ended, f"the end of {run}", timeout, run)
        return self.states(run)

    def wait_for(self, run: Run, task: str, *states: str, timeout: float = PATIENCE) -> None:
        """Wait until a task is in one of the states, e.g. ``running`` or ``deferred``."""
        self._until(
            lambda: self.states(run).get(task) in states, f"{task} in {states}", timeout, run
        )

    def states(self, run: Run) -> dict[str, str]:
        """Give the state of every task of a run, ``none`` where it has none yet."""
        instances = self.task_instances(run).items()
        return {name: instance["state"] or "none" for name, instance in instances}

    def task_instances(self, run: Run) -> dict[str, dict[str, Any]]:
        """Give every task instance as the API tells it: ``try_number``, ``pid``, ``trigger``, …"""
        path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        instances = self._api("GET", path, params={"limit": 5000})["task_instances"]
        return {
            task_name(instance["task_id"], instance["map_index"]): instance
            for instance in instances
        }

    # --- What a task left behind, and what a person does to it ----------------------------------

    def xcom(self, run: Run, task: str, key: str = "return_value") -> Any:
        """Give the value of an XCom, ``None`` when there is none."""
        task_id, map_index = task_parts(task)
        path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        params = {"map_index": map_index, "stringify": "false"}
        entry = self._api("GET", path, params=params, missing_ok=True)
        return None if entry is None else entry["value"]

    def rendered(self, run: Run, task: str) -> dict[str, Any]:
        """Give the rendered template fields as the UI shows them."""
        fields: dict[str, Any] = self._api("GET", self._path(run, task))["rendered_fields"]
        return fields

    def log(self, run: Run, task: str) -> str:
        """Give what all tries of a task logged, their triggers included, in order of the tries."""
        task_id, map_index = task_parts(task)
        folder = self.home / f"logs/dag_id={run.dag_id}/run_id={run.run_id}/task_id={task_id}"
        if map_index >= 0:
            folder /= f"map_index={map_index}"
        files = sorted(folder.glob("attempt=*.log*"), key=lambda file: (len(file.name), file.name))
        return "\n".join(file.read_text(errors="replace") for file in files)

    def clear(self, run: Run, *tasks: str, downstream: bool = False) -> None:
        """Clear tasks as a person does in the UI."""
        parts = [task_parts(task) for task in tasks]
        names = [
            [task_id, index] if index >= 0 and LINE.clears_mapped else task_id
            for task_id, index in parts
        ]
        body = {
            "dry_run": False,
            "dag_run_id": run.run_id,
            "task_ids": names,
            "only_failed": False,
            "reset_dag_runs": True,
            "include_downstream": downstream,
        }
        self._api("POST", f"dags/{run.dag_id}/clearTaskInstances", json=body)

    def mark(self, run: Run, task: str, state: str) -> None:
        """Mark a task ``success`` or ``failed`` as a person does in the UI."""
        body = {**LINE.update_fields, "new_state": state}
        self._api("PATCH", self._path(run, task), json=body)

    def delete(self, run: Run) -> None:
        """Delete a run, tasks and all."""
        self._api("DELETE", f"dags/{run.dag_id}/dagRuns/{run.run_id}")

    def task_process(self, run: Run, task: str) -> psutil.Process:
        """Give the process that executes a running task; its parent supervises it."""
        self.wait_for(run, task, "running")
        pids: list[int] = []

        def has_a_process() -> bool:  # Airflow stores the pid a moment after the state
            pids[:] = [int(pid) for pid in [self.task_instances(run)[task]["pid"]] if pid]
            return bool(pids)

        self._until(has_a_process, f"{task} has a process", run=run)
        return psutil.Process(pids[0])

    # --- Inside -------------------------------------------------------------------------------

    def _settings(self, database: str) -> dict[str, str]:
        own = {
            "CORE__DAGS_FOLDER": str(self.dags_folder),
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "8",
            "DATABASE__SQL_ALCHEMY_CONN": database,
            "API__MAXIMUM_PAGE_LIMIT": "5000",
            "LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            **{name: value.format(port=self.port) for name, value in LINE.settings.items()},
        }
        return (
            clean_environment()
            | {"AIRFLOW_HOME": str(self.home)}
            | {f"AIRFLOW__{name}": value for name, value in own.items()}
            | self._extra_environment
        )

    def _migrate(self) -> None:
        with (self.home / "migrate.log").open("wb") as log:
            done = subprocess.run(
                [self._binary, "db", "migrate"],
                env=self.environment,
                stdout=log,
                stderr=log,
                timeout=PATIENCE,
            )
        # Without a login on 2.x, whoever comes is an administrator: this Airflow is on loopback.
        (self.home / "webserver_config.py").write_text("AUTH_ROLE_PUBLIC = 'Admin'\n")
        if done.returncode:
            raise RuntimeError(f"airflow db migrate failed\n{self._report(None)}")

    def _start(self, name: str) -> None:
        environment = self.environment
        if name in self._workers:
            template = CELERY_WORKER
            environment = environment | {"AIRFLOW_HOME": str(self.home / name)}
        else:
            template = LINE.components[name]
        arguments = [part.format(port=self.port, home=self.home, name=name) for part in template]
        with (self.home / f"{name}.log").open("ab") as log:
            self._components[name] = subprocess.Popen(
                [self._binary, *arguments],
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # whatever it forks stays in the session: see _processes
            )
        self._sessions.add(self._components[name].pid)

    def _stop(self) -> None:
        """End everything of this home: the components, and what outlived a killed one."""
        for sig, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            ours = self._processes()
            for process in ours:
                _signal(process, sig)
            if not psutil.wait_procs(ours, timeout=patience)[1]:
                break
        for component in self._components.values():
            component.wait(timeout=10)

    def _processes(self) -> list[psutil.Process]:
        ours = []
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) in self._sessions:
                    ours.append(process)
            except ProcessLookupError:
                continue
        return ours

    def _await_health(self) -> None:
        def healthy() -> bool:
            for name, component in self._components.items():
                if component.poll() is not None:
                    raise RuntimeError(f"{name} ended at its start\n{self._report(None)}")
            try:
                report = self._http.get(self._url(LINE.health_path), timeout=5).json()
            except (requests.RequestException, ValueError):
                return False  # not listening yet
            return all(report[part]["status"] == "healthy" for part in self._health_parts)

        self._until(healthy, "all components are healthy", PATIENCE)

    def _is_parsed(self, dag_id: str, files: tuple[Path, ...]) -> bool:
        names = tuple(file.name for file in files)
        for error in self._api("GET", "importErrors")["import_errors"]:
            if error["filename"].endswith(names):
                raise RuntimeError(error["stack_trace"])
        return self._api("GET", f"dags/{dag_id}", missing_ok=True) is not None

    def _until(
        self,
        condition: Callable[[], bool],
        what: str,
        timeout: float = PATIENCE,
        run: Run | None = None,
    ) -> None:
        began = time.monotonic()
        while not condition():
            waited = time.monotonic() - began
            if waited > timeout:
                raise TimeoutError(f"waited {timeout:g} s in vain: {what}\n{self._report(run)}")
            # A look costs the API server 20 ms of CPU, and most waits are long.
            time.sleep(min(max(0.2, waited / 10), 1.0))

    def _report(self, run: Run | None) -> str:
        """Tell what a person would look at first: states, logs of tasks, logs of components."""
        parts = []
        if run is not None:
            states = self.states(run)
            parts.append(f"states: {states}")
            parts += [
                f"--- {task}\n{_tail(self.log(run, task))}"
                for task, state in states.items()
                if state != "success"
            ]
        parts += [
            f"--- {log.name}\n{_tail(log.read_text(errors='replace'))}"
            for log in sorted(self.home.glob("*.log"))
        ]
        return "\n".join(parts)

    @staticmethod
    def _path(run: Run, task: str) -> str:
        task_id, map_index = task_parts(task)
        path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}"
        return path if map_index < 0 else f"{path}/{map_index}"

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    @property
    def url(self) -> str:
        """Address of the API server."""
        return self._url("").rstrip("/")

    def get(self, path: str) -> requests.Response:
        """Ask the API server for a page of a plugin."""
        if "Authorization" not in self._http.headers:
            self._api("GET", "version")  # signs in
        return self._http.get(self._url(path), timeout=PATIENCE)

    def _api(self, method: str, path: str, *, missing_ok: bool = False, **request: Any) -> Any:
        if LINE.token_path and "Authorization" not in self._http.headers:
            token = self._http.get(self._url(LINE.token_path), timeout=PATIENCE).json()[
                "access_token"
            ]
            self._http.headers["Authorization"] = f"Bearer {token}"
        for _ in range(DATABASE_TRIES):
            answer = self._http.request(
                method, self._url(f"{LINE.api}/{path}"), timeout=PATIENCE, **request
            )
            if answer.status_code != 500 or "Database error" not in answer.text:
                break
            time.sleep(1)  # SQLite is locked by another component; the call was rolled back
        if answer.status_code == 404 and missing_ok:
            return None
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:2000]}")
        return answer.json() if answer.content else None


def task_name(task_id: str, map_index: int) -> str:
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"


def task_parts(task: str) -> tuple[str, int]:
    task_id, _, index = task.removesuffix("]").partition("[")
    return task_id, int(index or -1)


def _signal(process: psutil.Process, sig: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(sig)


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-TAIL:])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
