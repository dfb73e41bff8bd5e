"""Demo of the pages in Airflow's UI: a running Airflow with jobs in each state, until Ctrl-C.

LocalBatch replaces AWS Batch; the jobs' behaviour is scripted, and no command is run.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console

from airflow_fargate_batch.local import LocalBatch
from scripts.demo import (
    LOG,
    PATIENCE,
    PROGRAMS,
    DemoFailed,
    airflow_settings,
    complaints,
    leave_home,
)

DAGS: Final = Path(__file__).parent / "demo_dags"
DAG_ID: Final = "fargate_pages"
PORT: Final = 8095
URL: Final = f"http://127.0.0.1:{PORT}"
HOME: Final = LOG.parents[1] / "demo-ui"


def main() -> int:
    """Start Airflow and the jobs, and wait for Ctrl-C; return 0 unless a step failed."""
    console = Console(highlight=False)
    HOME.mkdir(parents=True, exist_ok=True)
    leave_home()
    with LocalBatch(speed=4) as aws:
        script(aws)
        environment = os.environ | settings() | aws.environ
        log = HOME / "airflow.log"
        with log.open("wb") as output:
            airflow = subprocess.Popen(  # noqa: S603 - ours
                [PROGRAMS / "airflow", "standalone"],
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            with console.status("Starting Airflow, about a minute ..."):
                await_airflow(airflow, log)
                start_run(environment)
            console.print(f"\n[bold]{URL}[/] is open; no login is needed.")
            console.print("  Browse, Fargate jobs     the recent jobs of all DAGs")
            console.print(f"  Dags, {DAG_ID}      a task of the run, tab Fargate job")
            console.print("Ctrl-C ends the demo.")
            airflow.wait()
        except KeyboardInterrupt:
            return 0
        except DemoFailed as error:
            console.print(f"The demo failed: {error}", style="bold red", markup=False)
            return 1
        finally:
            stop(airflow)
    return 1


def settings() -> dict[str, str]:
    """Return variables for an Airflow of its own, without login, on loopback."""
    return airflow_settings() | {
        "AIRFLOW_HOME": str(HOME),
        "PATH": f"{PROGRAMS}:{os.environ.get('PATH', '')}",
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(PORT),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{URL}/execution/",
    }


def script(aws: LocalBatch) -> None:
    """Script the jobs: one runs for long, an array fails in part, one gets no capacity."""
    aws.script(
        name="*running*",
        runtime=100_000,
        log=[f"epoch {n}: loss {1 / (n + 1):.3f}" for n in range(40)],
    )
    aws.script(
        name="*failed_array*",
        indexes=[7, 41, 42, 300],
        exit_code=3,
        log=["Traceback (most recent call last):", "ValueError: no rows in part"],
    )
    aws.script(
        name="*stuck*",
        stuck_in="RUNNABLE",
        status_reason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - no Fargate capacity at the moment",
    )


def await_airflow(airflow: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the API server answers.

    :raises DemoFailed: Airflow ended, or did not answer in time.
    """
    deadline = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < deadline and airflow.poll() is None:
        try:
            with urllib.request.urlopen(f"{URL}/api/v2/version", timeout=5):  # noqa: S310 - ours
                return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    raise DemoFailed(f"Airflow did not start; see {log}\n{complaints(log)}")


def start_run(environment: Mapping[str, str]) -> None:
    """Trigger the DAG as soon as Airflow knows it.

    :raises DemoFailed: the DAG could not be triggered.
    """
    trigger = [str(PROGRAMS / "airflow"), "dags", "trigger", DAG_ID]
    said = ""
    for _ in range(20):
        done = subprocess.run(trigger, env=environment, capture_output=True, text=True)  # noqa: S603 - ours
        if done.returncode == 0:
            return
        said = done.stderr
        time.sleep(3)
    raise DemoFailed(f"could not trigger {DAG_ID}: {said[-1000:]}")


def stop(airflow: "subprocess.Popen[bytes]") -> None:
    """End Airflow and the processes it started."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(airflow.pid, sig)
            airflow.wait(20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


if __name__ == "__main__":
    sys.exit(main())
