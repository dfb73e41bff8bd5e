"""`airflow dags test` in a process of its own: a whole DAG in seconds, without a scheduler."""

import json
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.airflow.harness import AIRFLOW, clean_environment, task_name
from tests.patience import PATIENCE


@dataclass(frozen=True, kw_only=True)
class TestedDag:
    """What `airflow dags test` left behind.

    Attributes:
        ok: whether the command succeeded.
        states: the state of every task, by ``task`` or ``task[map index]``.
        output: all that was printed and logged.
    """

    ok: bool
    states: dict[str, str]
    output: str
    xcoms: dict[tuple[str, str], Any]

    __test__ = False  # its name is no test's, whatever pytest thinks

    def xcom(self, task: str, key: str = "return_value") -> Any:
        """Give the value of an XCom, ``None`` when there is none."""
        return self.xcoms.get((task, key))


class DagTester:
    """A home with a migrated SQLite database, in which DAGs are tested one after another.

    :param environment: further variables of all runs.
    """

    def __init__(self, *, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self._home = home
        self._environment = (
            clean_environment()
            | {
                "AIRFLOW_HOME": str(home),
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            }
            | dict(environment or {})
        )
        subprocess.run(
            [AIRFLOW, "db", "migrate"],
            env=self._environment,
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process that is to use this Airflow."""
        return dict(self._environment)

    def run(
        self,
        file: Path,
        dag_id: str,
        *,
        logical_date: str = "2026-02-03",
        conf: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        timeout: float = PATIENCE,
    ) -> TestedDag:
        """Test one DAG of a file; the file's folder is the DAGs folder.

        :param environment: further variables, e.g. ``AWS_ENDPOINT_URL``.
        """
        done = subprocess.run(
            [AIRFLOW, "dags", "test", "--conf", json.dumps(conf or {}), dag_id, logical_date],
            env=self._environment
            | {"AIRFLOW__CORE__DAGS_FOLDER": str(file.parent)}
            | dict(environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
        states, xcoms = self._results(dag_id)
        return TestedDag(ok=done.returncode == 0, states=states, output=done.stdout, xcoms=xcoms)

    def _results(self, dag_id: str) -> tuple[dict[str, str], dict[tuple[str, str], Any]]:
        """Read the newest run of a DAG from the database."""
        with closing(sqlite3.connect(self._home / "airflow.db")) as database:
            run = database.execute(
                "SELECT dag_id, run_id FROM dag_run WHERE dag_id = ? ORDER BY id DESC LIMIT 1",
                [dag_id],
            ).fetchone()
            if run is None:
                return {}, {}
            tasks = database.execute(
                "SELECT task_id, map_index, state FROM task_instance"
                " WHERE dag_id = ? AND run_id = ?",
                run,
            )
            states = {task_name(task, index): state or "none" for task, index, state in tasks}
            entries = database.execute(
                "SELECT task_id, map_index, key, value FROM xcom WHERE dag_id = ? AND run_id = ?",
                run,
            )
            xcoms = {
                (task_name(task, index), key): _json(value) for task, index, key, value in entries
            }
        return states, xcoms


def _json(value: object) -> Any:
    """Parse a value: bytes on 2.x; on 3.x text, of which SQLite makes numbers where it can."""
    return json.loads(value) if isinstance(value, bytes | str) else value
