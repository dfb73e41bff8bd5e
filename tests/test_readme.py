"""Every block of the READMEs is run, or stands in a file that is."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_fargate_batch.cli._jobs import JSON_HELP
from airflow_fargate_batch.core.fargate import TABLE
from airflow_fargate_batch.local import account

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
BOTH = TEXT + (ROOT / "README.ja.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", BOTH, flags=re.DOTALL | re.MULTILINE)
PYTHON = [block for language, block in BLOCKS if language == "python"]
SHELL = [block for language, block in BLOCKS if language == "bash"]
QUOTED = ("dags_examples", "tests/airflow/users_project")
"""Folders with files that other tests run, of which blocks may be quotes."""
EXAMPLES = [path.read_text() for name in QUOTED for path in (ROOT / name).rglob("*.py")]


def test_there_are_no_other_blocks() -> None:
    """What is ``sh`` is run by ``test_rerun``."""
    assert {language for language, _ in BLOCKS} == {"python", "bash", "sh"}


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_python_runs_or_is_quoted_from_an_example(block: str) -> None:
    if not any(block in example for example in EXAMPLES):
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - the README's own code


@pytest.fixture(scope="module")
def given() -> Iterator[dict[str, str]]:
    """Return the variables that ``fargate-batch local`` tells a reader to export."""
    command = [str(Path(sys.executable).parent / "fargate-batch"), "local"]
    with subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout
        exports: dict[str, str] = {}
        for line in process.stdout:
            if found := re.fullmatch(r"export (\w+)=(.*)\n", line):
                exports[found[1]] = found[2].strip("'\"")
            elif exports:  # what it says when it is up
                break
        yield exports
        process.terminate()


def _shell(block: str) -> object:
    """Return a block as a parameter."""
    is_early = "fair-share" in block and not hasattr(account, "READY_FAIR_SHARE_QUEUE")
    lacks = pytest.mark.xfail(reason="LocalBatch has no fair-share queue yet")
    return pytest.param(block, marks=[lacks] if is_early else [])


@pytest.mark.parametrize("block", [*map(_shell, SHELL)], ids=range(len(SHELL)))
def test_shell_commands_succeed(block: str, given: dict[str, str], tmp_path: Path) -> None:
    """Run the block as a reader does; ``aws`` is stood in for by the call it would make."""
    (tmp_path / "aws").write_text(f"#!{sys.executable}\n{AWS}")
    (tmp_path / "aws").chmod(0o755)
    path = f"{tmp_path}:{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=tmp_path,
        env={"PATH": path, **given},
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


def test_the_members_of_a_job_in_json_are_all_named() -> None:
    for member in re.findall(r"\b[a-z]+[A-Z]\w+\b|\b[a-z]+(?=,)", JSON_HELP.partition(":")[2]):
        assert f"`{member}`" in TEXT, member


def test_it_names_the_version_that_it_compares_with() -> None:
    assert TEXT.count("9.39.0") == 2
