"""What one call of the command line takes, as a whole process."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from benchmarks._process import Skipped, environment, made_venv
from benchmarks._progress import step
from benchmarks._size import Size
from benchmarks._table import Row

TITLE = "One call of the command line, from start to exit"
ROUNDS = {Size.QUICK: 1, Size.BRIEF: 12, Size.FULL: 25}

OVERRIDES: Final = (
    '{"command": ["echo", "hello"], "resourceRequirements": '
    '[{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]}'
)
BARE_BOTO3: Final = f"""
import json, boto3
print(boto3.client("batch").submit_job(
    jobName="hello", jobQueue="{READY_QUEUE}", jobDefinition="{READY_DEFINITION}",
    containerOverrides=json.loads('{OVERRIDES}'))["jobId"])
"""


def run(size: Size) -> list[Row]:
    """Call ours, the AWS CLI and a script with nothing but boto3 in turn."""
    ours = [str(Path(sys.executable).with_name("submit-fargate-job"))]
    ours += [
        "--job-name",
        "hello",
        "--job-queue",
        READY_QUEUE,
        "--job-definition",
        READY_DEFINITION,
    ]
    ours += ["--vcpu", "1", "--memory", "2048", "--command", '["echo", "hello"]']
    commands = {
        "dry run": [*ours, "--dry-run"],
        "submit": ours,
        "boto3": [sys.executable, "-c", BARE_BOTO3],
    }
    try:
        aws_cli = str(made_venv(".venv-awscli", "awscli") / "aws")
    except Skipped as reason:
        print(f"Without the AWS CLI: {reason}")
    else:
        commands["aws"] = [aws_cli, "batch", "submit-job", "--job-name", "hello"]
        commands["aws"] += ["--job-queue", READY_QUEUE, "--job-definition", READY_DEFINITION]
        commands["aws"] += ["--container-overrides", OVERRIDES]
    step(f"cli: {len(commands)} commands, {ROUNDS[size]} calls each")
    with LocalBatch() as aws:
        best = _best_of(commands, ROUNDS[size], environment(aws.environ))
    return [
        Row(
            what="submit-fargate-job --dry-run / aws batch submit-job",
            ours=best["dry run"],
            theirs=best.get("aws"),
            unit="ms",
            share_at_most=0.3,
        ),
        Row(
            what="submit-fargate-job / a bare boto3 script",
            ours=best["submit"],
            theirs=best["boto3"],
            unit="ms",
            share_at_most=1.0,
        ),
    ]


def _best_of(
    commands: Mapping[str, Sequence[str]], rounds: int, env: Mapping[str, str]
) -> dict[str, float]:
    """Return the milliseconds of each command's fastest call."""
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, env=dict(env), check=True, capture_output=True)
            took[name].append(1e3 * (time.perf_counter() - start))
    return {name: min(times) for name, times in took.items()}
