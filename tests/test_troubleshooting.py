"""docs/troubleshooting.md shows the tables of the code, and its commands run."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

from airflow_fargate_batch.cli import COMMANDS
from airflow_fargate_batch.core._failure_rules import RULES as CAUSES
from airflow_fargate_batch.core._waiting_causes import RULES as WAITS
from airflow_fargate_batch.core.preflight import RULES as CHECKS
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def test_its_tables_are_current() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "troubleshooting.py"))
    assert script["current"](TEXT) == TEXT, "run python scripts/troubleshooting.py"


def test_it_has_a_row_for_each_check_each_wait_and_each_cause() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ")]
    for rule in CHECKS:
        assert any(row.endswith(f" | `{rule.name}` |") for row in rows), rule.name
    for wait in WAITS:
        assert any(row.startswith(f"| {wait.situation} | ") for row in rows), wait.situation
    for cause in CAUSES:
        assert any(row.startswith(f"| {cause.cause} | ") for row in rows), cause.cause


def test_its_commands_succeed() -> None:
    [block] = re.findall(r"^```bash\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE)
    with LocalBatch() as aws:
        variables = aws.environ | {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "AWS_BATCH_JOB_QUEUE": READY_QUEUE,
            "AWS_BATCH_JOB_DEFINITION": READY_DEFINITION,
        }
        subprocess.run(["bash", "-euo", "pipefail", "-c", block], env=variables, check=True)


def test_the_commands_that_it_names_exist() -> None:
    for command in re.findall(r"`fargate-batch ([\w-]+)", TEXT):
        assert command in COMMANDS
