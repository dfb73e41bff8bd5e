"""Demo of the package: a daily chain of Fargate jobs in Airflow, without an AWS account.

LocalBatch replaces AWS Batch and runs the jobs' commands on this machine; Airflow is real.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from airflow_fargate_batch.local import LocalBatch

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".airflow" / "demo"
LOG = HOME / "airflow.log"
PROGRAMS = Path(sys.executable).parent

DAG_ID = "daily_chain"
TASKS = ("extract", "transform", "report")
TASK_TAG = "airflow-fargate-batch:task"
ENDED = {"SUCCEEDED": "green", "FAILED": "red"}
PATIENCE = 120.0  # seconds

Job = dict[str, Any]


class DemoFailed(Exception):
    """A step failed; the text has the error and advice."""


def main() -> int:
    """Run the demo; return 0 if every step succeeded, else 1."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    HOME.mkdir(parents=True, exist_ok=True)
    leave_home()
    try:
        with LocalBatch(run_commands=True, speed=2) as aws:
            environment = os.environ | airflow_settings() | aws.environ
            demonstrate(console, aws, environment)
    except (DemoFailed, subprocess.TimeoutExpired) as error:
        console.print(Text(f"\nThe demo failed: {error}", style="bold red"))
        return 1
    return 0


def demonstrate(console: Console, aws: LocalBatch, environment: Mapping[str, str]) -> None:
    """Run the visible steps."""
    console.print(f"AWS Batch is [bold]LocalBatch[/] on {aws.url}: no account, no Docker.")
    prepare_airflow(console, environment)

    heading(console, "1. A daily chain, by Airflow", f"dags_examples/{DAG_ID}.py")
    day = datetime.now(UTC).date().isoformat()
    run_chain(console, aws, environment, ["airflow", "dags", "test", DAG_ID, day])

    heading(console, "2. One more job, from a shell", "it waits for the chain's report")
    report = next(job for job in aws.jobs if task_of(job) == "report")
    submit = ["submit-fargate-job", "--vcpu", "0.25", "--memory", "512"]
    submit += ["--depends-on", report["jobId"], "--command", '["echo", "mail sent"]']
    job_id = shell(console, environment, submit).strip()
    job = wait_for(aws, job_id)
    console.print(f"[dim]# {state_of(job).markup}, its log says:[/] {last_line(aws, job)}")

    heading(console, "3. A dry run", "what would be sent; no credentials needed")
    shell(
        console, environment, ["submit-fargate-job", "--vcpu", "2", "--memory", "4 GB", "--dry-run"]
    )

    heading(console, "4. A mistake", "found before AWS sees it")
    shell(console, environment, ["submit-fargate-job", "--vcpu", "1", "--memory", "4000"], fails=2)
    console.print(f"\n[dim]Airflow's own log: {LOG}[/]")
    console.print("To see jobs in Airflow's UI: [bold]make demo-ui[/]")


# --- Airflow ------------------------------------------------------------------------------------


def leave_home() -> None:
    """Remove the user's AWS account, Airflow and proxies from the environment of the demo."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "AIRFLOW_")):
            del os.environ[name]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def airflow_settings() -> dict[str, str]:
    """Return variables for Airflow's home in this repository, and for queue and definition."""
    return {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags_examples"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        "AWS_BATCH_JOB_QUEUE": "awa-batch-dev-fargate-high-priority",
        "AWS_BATCH_JOB_DEFINITION": "awa-batch-dev-fargate-sample",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def prepare_airflow(console: Console, environment: Mapping[str, str]) -> None:
    """Create Airflow's database, unless an earlier demo with this Airflow version created it."""
    made = HOME / f"database-of-{version('apache-airflow')}"
    LOG.write_text("")
    if made.exists():
        return
    with console.status("Preparing Airflow's database, once ..."), LOG.open("wb") as log:
        migrate = [str(PROGRAMS / "airflow"), "db", "migrate"]
        done = subprocess.run(migrate, env=environment, stdout=log, stderr=log)  # noqa: S603 - ours
    if done.returncode:
        raise DemoFailed(f"airflow db migrate\n{complaints(LOG)}")
    made.touch()


def run_chain(
    console: Console, aws: LocalBatch, environment: Mapping[str, str], command: list[str]
) -> None:
    """Run the DAG, and show the jobs until the last job has ended."""
    console.print(prompt(command))
    with LOG.open("ab") as log:
        airflow = subprocess.Popen(  # noqa: S603 - the package's own DAG
            [PROGRAMS / command[0], *command[1:]], env=environment, stdout=log, stderr=log
        )
    deadline = time.monotonic() + PATIENCE
    try:
        with Live(console=console, refresh_per_second=4) as live:
            while airflow.poll() is None or not all(job["status"] in ENDED for job in aws.jobs):
                if time.monotonic() > deadline:
                    raise DemoFailed(f"not done after {PATIENCE:g} s; see {LOG}\n{complaints(LOG)}")
                live.update(jobs_table(aws, final=False))
                time.sleep(0.25)
            live.update(jobs_table(aws, final=True))
    finally:
        airflow.terminate()
    if airflow.returncode or [job["status"] for job in aws.jobs] != ["SUCCEEDED"] * len(TASKS):
        raise DemoFailed(f"the chain did not succeed; see {LOG}\n{complaints(LOG)}")


# --- What a person sees -------------------------------------------------------------------------


def heading(console: Console, title: str, remark: str) -> None:
    """Print the title of a step."""
    console.print(f"\n[bold cyan]{title}[/] [dim]{remark}[/]")


def prompt(command: list[str]) -> Text:
    """Print a command as typed in a shell."""
    return Text(f"$ {shlex.join(command)}", style="bold")


def shell(
    console: Console, environment: Mapping[str, str], command: list[str], *, fails: int = 0
) -> str:
    """Run a command, print the command and its messages, and return its output.

    :param fails: the expected exit code.
    """
    console.print(prompt(command))
    done = subprocess.run(  # noqa: S603 - the package's own commands
        [PROGRAMS / command[0], *command[1:]],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    console.print(Text(done.stdout.rstrip() or done.stderr.rstrip()))
    if done.returncode != fails:
        raise DemoFailed(f"{command[0]} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def jobs_table(aws: LocalBatch, *, final: bool) -> Table:
    """Make a table of the tasks: job, dependencies, state, last log line."""
    table = Table(show_lines=True)
    table.add_column("Task", style="bold")
    for title in ("Job", "Depends on", "State", "Last log line"):
        table.add_column(title, overflow="fold")
    jobs = {task_of(job): job for job in aws.jobs}
    tasks = {job["jobId"]: task for task, job in jobs.items()}
    for task in TASKS:
        if job := jobs.get(task):
            depends_on = "\n".join(
                " ".join([tasks[each["jobId"]], each.get("type", "")]).strip()
                for each in job.get("dependsOn", [])
            )
            name = Text(job["jobName"]).append(f"\n{job['jobId']}", style="dim")
            table.add_row(task, name, depends_on or "-", state_of(job), last_line(aws, job))
        else:
            table.add_row(task, Text("not submitted" if final else "Airflow is on its way ..."))
    return table


def state_of(job: Job) -> Text:
    """Return a job's state; for an array, also the number of succeeded children."""
    text = Text(job["status"], style=ENDED.get(job["status"], "yellow"))
    if array := job.get("arrayProperties"):
        text.append(f"\n{array['statusSummary'].get('SUCCEEDED', 0)} of {array['size']}", "dim")
    return text


# --- Jobs ---------------------------------------------------------------------------------------


def task_of(job: Job) -> str:
    """Return the Airflow task that submitted a job, from the operator's tag."""
    name: str = job.get("tags", {}).get(TASK_TAG, "")
    return name


def wait_for(aws: LocalBatch, job_id: str) -> Job:
    """Wait until a job has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        job = next(job for job in aws.jobs if job["jobId"] == job_id)
        if job["status"] in ENDED:
            return job
        time.sleep(0.25)
    raise DemoFailed(f"job {job_id} has not ended after {PATIENCE:g} s")


def last_line(aws: LocalBatch, job: Job) -> str:
    """Return the last line of a job's log; for an array, of the last child's log."""
    if array := job.get("arrayProperties"):
        child = f"{job['jobId']}:{array['size'] - 1}"
        described = aws.client("batch").describe_jobs(jobs=[child])["jobs"]
        job = described[0] if described else job  # an array has no children at first
    if job["status"] not in ENDED:
        return ""
    events = aws.client("logs").get_log_events(
        logGroupName="/aws/batch/job", logStreamName=job["container"]["logStreamName"]
    )["events"]
    return events[-1]["message"] if events else ""


def complaints(log: Path) -> str:
    """Return the last lines of a log that mention an error, or else the last lines."""
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(([line for line in lines if "error" in line.lower()] or lines)[-5:])


if __name__ == "__main__":
    sys.exit(main())
