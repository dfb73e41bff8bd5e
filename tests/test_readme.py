"""Every block of the READMEs is run, or stands in a file that is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_fargate_batch.core.fargate import TABLE
from airflow_fargate_batch.local import LocalBatch

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
BOTH = TEXT + (ROOT / "README.ja.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", BOTH, flags=re.DOTALL | re.MULTILINE)
PYTHON = [block for language, block in BLOCKS if language == "python"]
SHELL = [block for language, block in BLOCKS if language == "bash"]
EXAMPLES = [path.read_text() for path in (ROOT / "dags_examples").glob("*.py")]


def test_there_are_no_other_blocks() -> None:
    """What is ``sh`` is run by ``test_rerun``."""
    assert {language for language, _ in BLOCKS} == {"python", "bash", "sh"}


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_python_runs_or_is_quoted_from_an_example(block: str) -> None:
    if not any(block in example for example in EXAMPLES):
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - the README's own code


@pytest.mark.parametrize("block", SHELL, ids=range(len(SHELL)))
def test_shell_commands_succeed(block: str, tmp_path: Path) -> None:
    """Run the block in bash; ``aws`` itself is stood in for by the call it would make."""
    (tmp_path / "aws").write_text(f"#!{sys.executable}\n{AWS}")
    (tmp_path / "aws").chmod(0o755)
    path = f"{tmp_path}:{Path(sys.executable).parent}:/usr/bin:/bin"
    with LocalBatch() as aws:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=tmp_path,
            env={"PATH": path, **aws.environ},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr


AWS = """
import json, sys, boto3
assert sys.argv[1:4] == ["batch", "submit-job", "--cli-input-json"]
body = json.load(open(sys.argv[4].removeprefix("file://")))
print(boto3.client("batch").submit_job(**body)["jobId"])
"""


def test_the_table_of_sizes_is_the_codes() -> None:
    rows = re.findall(r"^\| ([\d.]+) \| (.+?) \| (.+?) \| (.+?) \|$", TEXT, flags=re.MULTILINE)
    assert rows == [
        (
            str(row.vcpu),
            row.describe_memory().replace(" MiB", ""),
            "Linux, Windows" if row.windows else "Linux",
            f"{row.platform_version} or later" if row.platform_version else "any",
        )
        for row in TABLE
    ]


def test_its_files_and_make_targets_exist() -> None:
    for name in re.findall(r"\]\(([\w/.]+)\)", BOTH):
        assert (ROOT / name).exists(), name
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([\w-]+)`", BOTH):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
