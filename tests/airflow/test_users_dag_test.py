"""What README tells people of testing their DAGs is run: a project of theirs, by their pytest."""

import subprocess
import sys
from pathlib import Path

from tests.airflow.dag_tester import DagTester

PROJECT = Path(__file__).parent / "users_project"


def test_a_users_tests_of_a_dag_pass(dag_tester: DagTester, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=PROJECT,
        env=dag_tester.environment | {"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
