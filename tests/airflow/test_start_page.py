"""The page Start: its DAG runs. test_start_page_fresh.py follows the whole page, for minutes."""

import re
import subprocess
import sys
from pathlib import Path

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from tests.airflow.conftest import QUICK
from tests.airflow.harness import clean_environment
from tests.patience import PATIENCE

PAGE = (Path(__file__).parents[2] / "docs" / "start.md").read_text()
READY = {"AWS_BATCH_JOB_QUEUE": READY_QUEUE, "AWS_BATCH_JOB_DEFINITION": READY_DEFINITION}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_its_dag_runs(tmp_path: Path) -> None:
    [dag] = blocks("python")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "nightly.py").write_text(dag)
    path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    with LocalBatch() as aws:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", blocks("sh")[-1]],
            cwd=tmp_path,
            env=clean_environment() | QUICK | aws.environ | READY | path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        load, report = aws.jobs
        assert report["dependsOn"] == [{"jobId": load["jobId"]}]
        logged = done.stdout + done.stderr
        assert load["jobId"] in logged
        assert report["jobId"] in logged
