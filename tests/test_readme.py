"""Every block of the READMEs and of docs/ is run, or stands in a file that is."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_fargate_batch.cli._jobs import JSON_HELP
from airflow_fargate_batch.core.fargate import TABLE

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
PAGES = {
    path: path.read_text()
    for path in (ROOT / "README.md", ROOT / "README.ja.md", *sorted((ROOT / "docs").rglob("*.md")))
}
ALL = "".join(PAGES.values())
BLOCKS = [*dict.fromkeys(re.findall(r"^```(\w*)\n(.*?)^```$", ALL, flags=re.DOTALL | re.MULTILINE))]
"""Languages and texts; a block that stands on several pages, as in both languages, counts once."""
PYTHON = [block for language, block in BLOCKS if language == "python"]
SHELL = [block for language, block in BLOCKS if language == "bash"]
QUOTED = ("dags_examples", "tests/airflow/users_project")
"""Folders with files that other tests run, of which blocks may be quotes."""


def lines(text: str) -> str:
    """Return a text without indentation and empty lines, which a page may have changed."""
    return "\n".join(filter(None, map(str.strip, text.splitlines())))


EXAMPLES = [lines(path.read_text()) for name in QUOTED for path in (ROOT / name).rglob("*.py")]


def test_there_are_no_other_blocks() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "bash", "sh"}


def test_other_tests_run_what_is_sh() -> None:
    """Namely those of reruns, items and results, of packaging, and of the page Start."""
    elsewhere = ("FARGATE_BATCH_", "pip ", "fargate-batch local", "airflow dags test")
    blocks = [block for language, block in BLOCKS if language == "sh"]
    assert [each for each in blocks if not any(text in each for text in elsewhere)] == []


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_python_runs_or_is_quoted_from_an_example(block: str) -> None:
    if not any(lines(block) in example for example in EXAMPLES):
        exec(compile(block, "a page", "exec"), {})  # noqa: S102 - the documentation's own code


@pytest.fixture(scope="module")
def given() -> Iterator[dict[str, str]]:
    """Return the variables that ``fargate-batch local`` tells a reader to export."""
    program = Path(sys.executable).parent / "fargate-batch"
    command = [str(program), "local", "--speed", "50"]
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


@pytest.mark.parametrize("block", SHELL, ids=range(len(SHELL)))
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
    page = PAGES[ROOT / "docs" / "request.md"]
    rows = re.findall(r"^\| ([\d.]+) \| (.+?) \| (.+?) \| (.+?) \|$", page, flags=re.MULTILINE)
    assert rows == [
        (
            str(row.vcpu),
            row.describe_memory().replace(" MiB", ""),
            "Linux, Windows" if row.windows else "Linux",
            f"{row.platform_version} or later" if row.platform_version else "any",
        )
        for row in TABLE
    ]


def test_files_and_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for path, text in PAGES.items():
        for name in re.findall(r"\]\(([\w/.-]+)(?:#[\w-]+)?\)", text):
            assert (path.parent / name).exists(), (path, name)
        for target in re.findall(r"`make ([\w-]+)`", text):
            assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), (path, target)


def test_the_members_of_a_job_in_json_are_all_named() -> None:
    for member in re.findall(r"\b[a-z]+[A-Z]\w+\b|\b[a-z]+(?=,)", JSON_HELP.partition(":")[2]):
        assert f"`{member}`" in PAGES[ROOT / "docs" / "command-line.md"], member


def test_it_names_the_version_that_it_compares_with() -> None:
    assert TEXT.count("9.39.0") == 2
