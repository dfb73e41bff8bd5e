"""Terminator in the reason of TerminateJob: a task, this process's task, or a person in a shell."""

import getpass
import os
import socket
from typing import Any

from airflow_fargate_batch.core.termination import Terminator


def terminator_of(task_instance: Any) -> Terminator:
    """Return the terminator for a task instance; ``None`` gives a terminator with only the host."""
    if task_instance is None:
        return Terminator(host=socket.gethostname())
    map_index = task_instance.map_index
    return Terminator(
        dag_id=task_instance.dag_id,
        task_id=task_instance.task_id,
        run_id=task_instance.run_id,
        map_index=-1 if map_index is None else map_index,
        try_number=task_instance.try_number,
        host=socket.gethostname(),
    )


def terminator_here() -> Terminator:
    """Return the terminator for this process, with the task in Airflow's environment variables."""
    number = os.environ.get("AIRFLOW_CTX_TRY_NUMBER", "")
    return Terminator(
        dag_id=os.environ.get("AIRFLOW_CTX_DAG_ID"),
        task_id=os.environ.get("AIRFLOW_CTX_TASK_ID"),
        run_id=os.environ.get("AIRFLOW_CTX_DAG_RUN_ID"),
        try_number=int(number) if number.isdecimal() else None,
        host=socket.gethostname(),
    )


def reason_by_hand(command: str) -> str:
    """Return the reason for a termination from a shell, with the user name.

    :param command: the command used, ``fargate-batch terminate``.
    """
    try:
        user = f" by {getpass.getuser()}"
    except (ImportError, KeyError, OSError):  # a uid without a name, as containers have
        user = ""
    return Terminator(host=socket.gethostname()).reason(f"Terminated with {command}{user}")
