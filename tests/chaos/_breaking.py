"""What is done to a run from outside: processes are killed, tasks cleared as a person does."""

import random
import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.harness import Run, task_name
from tests.chaos._verdict import Task
from tests.chaos._world import DAG_ID, ChaosAirflow, truth

KINDS: Final[dict[str, int]] = {"process": 10, "worker": 5, "triggerer": 3, "clear": 4}
"""What there is to do, and how often beside the others; a clear is no kill."""
if version("apache-airflow").startswith("3.0."):
    del KINDS["process"]  # 3.0 fails such a task whatever tries are left: no operator can help it
AIMED: Final = 0.6
"""How many kills of a task wait, for so many seconds, until some job has been accepted."""
AIMING: Final = 8.0
CLEARABLE: Final = ["deferred", "failed", "success", "up_for_retry"]
if not version("apache-airflow").startswith(("2.", "3.0.")):
    CLEARABLE.append("running")  # older lines may forget the clear, or the task in `restarting`


class Breaker:
    """Breaks things, and counts: kills by kind, and by mode the kills that met a task, and clears.

    :param say: told every deed.
    """

    def __init__(
        self,
        airflow: ChaosAirflow,
        aws: LocalBatch,
        dice: random.Random,
        say: Callable[[str], None],
    ) -> None:
        self.kills: Counter[str] = Counter()
        self.hits: Counter[str] = Counter()
        self.clears: Counter[str] = Counter()
        self._airflow = airflow
        self._aws = aws
        self._dice = dice
        self._say = say

    def break_something(self) -> None:
        """Do one deed, if there is something to do it to."""
        kind = self._dice.choices(list(KINDS), list(KINDS.values()))[0]
        if kind == "clear":
            self._clear()
        elif kind == "triggerer":
            self._kill_triggerer()
        else:
            self._kill_task(kind)

    def _kill_task(self, kind: str) -> None:
        """Kill a running task: at any moment, or just when its job was accepted."""
        token = self._await_submit() if self._dice.random() < AIMED else None
        running = [
            instance
            for instance in sorted(self._airflow.instances("running"), key=_name)
            if instance["pid"] and _has_tries_left(instance)
        ]
        if not running:
            return
        aimed = [instance for instance in running if _token(instance) == token]
        victim = self._dice.choice(aimed or running)
        time.sleep(self._dice.uniform(0, 0.5))
        kill = self._airflow.kill_worker if kind == "worker" else self._airflow.kill_process
        if kill(int(victim["pid"])):
            self.kills[kind] += 1
            self.hits[_mode(victim)] += 1
            moment = ", which had just submitted" if aimed else ""
            self._say(f"killed the {kind} of {_name(victim)}{moment}")

    def _await_submit(self) -> str | None:
        """Wait for the next job, and tell whose it is."""
        before = len(truth(self._aws))
        deadline = time.monotonic() + AIMING
        while time.monotonic() < deadline:
            if new := truth(self._aws)[before:]:
                return new[0].token
            time.sleep(0.05)
        return None

    def _kill_triggerer(self) -> None:
        waiting = self._airflow.instances("deferred")
        if waiting and self._airflow.kill_triggerer():
            self.kills["triggerer"] += 1
            self.hits.update(map(_mode, waiting))
            self._say(f"killed the triggerer with {len(waiting)} deferred tasks")

    def _clear(self) -> None:
        instances = sorted(self._airflow.instances(*CLEARABLE), key=_name)
        if not instances:
            return
        state = self._dice.choice(sorted({instance["state"] for instance in instances}))
        victim = self._dice.choice([one for one in instances if one["state"] == state])
        run = Run(DAG_ID, victim["dag_run_id"])
        try:
            self._airflow.clear(run, task_name(victim["task_id"], victim["map_index"]))
        except RuntimeError as refusal:  # Airflow answers 409 where a task moves on meanwhile
            self._say(f"could not clear {_name(victim)}: {str(refusal)[:100]}")
            return
        self.clears[_mode(victim)] += 1
        self._say(f"cleared {_name(victim)}, which was {state}")


def _name(instance: dict[str, Any]) -> str:
    task = task_name(instance["task_id"], instance["map_index"])
    return f"{task} of {instance['dag_run_id']}, try {instance['try_number']}"


def _mode(instance: dict[str, Any]) -> str:
    return str(instance["task_id"]).partition("_")[0]


def _token(instance: dict[str, Any]) -> str:
    return Task(
        dag_id=DAG_ID,
        run_id=instance["dag_run_id"],
        task_id=instance["task_id"],
        map_index=instance["map_index"],
    ).token


def _has_tries_left(instance: dict[str, Any]) -> bool:
    """Tell whether a try is left after this one, and one more for a job that is to fail once.

    A task whose last try is killed has failed, whatever its job does: no operator can help it.
    """
    needed = 2 if "_once" in instance["task_id"] else 1
    return bool(instance["max_tries"] + 1 - instance["try_number"] >= needed)
