"""What an install brings along, and what works where Airflow is missing or old."""

import os
import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import HeaderParser
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]

pytest.importorskip("hatchling", reason="the build backend is one of the tools of make setup")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import hatchling.build as b, sys; print(b.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", build, folder], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    """Read the wheel's metadata."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return HeaderParser().parsestr(archive.read(name).decode())


def requirements(metadata: Message, extra: str = "") -> list[Requirement]:
    """Return what an install with an extra, or with none, needs."""
    known = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    plain = {str(each) for each in known if not each.marker or each.marker.evaluate({"extra": ""})}
    if not extra:
        return [each for each in known if str(each) in plain]
    return [
        each
        for each in known
        if str(each) not in plain and each.marker and each.marker.evaluate({"extra": extra})
    ]


def test_an_install_brings_what_the_command_line_needs_and_no_airflow(metadata: Message) -> None:
    assert {each.name for each in requirements(metadata)} == {"boto3", "rich"}


def test_airflow_and_the_amazon_provider_are_an_extra(metadata: Message) -> None:
    assert {each.name for each in requirements(metadata, "airflow")} == {
        "apache-airflow",
        "apache-airflow-providers-amazon",
    }


@pytest.mark.parametrize("extra", ["", "airflow"])
def test_an_install_changes_no_version_of_this_airflow(metadata: Message, extra: str) -> None:
    """On every line, of which the oldest has the boto3 of its day."""
    for each in requirements(metadata, extra):
        assert each.specifier.contains(version(each.name), prereleases=True), each


def closure(names: set[str]) -> set[str]:
    """Return distributions and all that they depend on."""
    found: set[str] = set()
    while names:
        name = names.pop()
        found.add(name)
        for needed in map(Requirement, distribution(name).requires or ()):
            is_for_us = not needed.marker or needed.marker.evaluate({"extra": ""})
            if is_for_us and needed.name not in found:
                names.add(needed.name)
    return found


@pytest.fixture(scope="module")
def alone(wheel: Path, metadata: Message, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the wheel and what it depends on, and nothing else of this environment."""
    folder = tmp_path_factory.mktemp("alone")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for name in closure({each.name for each in requirements(metadata)}):
        for file in distribution(name).files or ():
            top = file.parts[0]
            if top not in {"..", "__pycache__"} and not (folder / top).exists():
                (folder / top).symlink_to(str(distribution(name).locate_file(top)))
    return folder


def python(folder: Path, code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that knows the standard library and a folder only."""
    start = f"import sys; sys.path.insert(0, {str(folder)!r}); "
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", start + code, *words],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


CLI = "from airflow_fargate_batch.cli import main; sys.exit(main())"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["sizes", "--vcpu", "2"], 0, "2\t4096\t", id="sizes"),
        pytest.param(["submit", "--dry-run"], 0, '"jobQueue"', id="dry run"),
        pytest.param(["completion", "bash"], 0, "complete -o", id="completion"),
        pytest.param(
            ["submit", "--endpoint-url", "no URL"], 1, "Invalid endpoint", id="a client of AWS"
        ),
    ],
)
def test_the_command_line_runs_without_airflow(
    alone: Path, words: list[str], code: int, said: str
) -> None:
    done = python(alone, CLI, *words)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr


@pytest.mark.parametrize("module", ["operators", "sensors", "hooks", "links"])
def test_without_airflow_an_import_says_what_to_install(alone: Path, module: str) -> None:
    done = python(alone, f"import airflow_fargate_batch.{module}")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: The operators, sensors, triggers and hook of airflow-")
    assert "pip install 'airflow-fargate-batch[airflow]'" in last


@pytest.mark.parametrize("old", ["1.10.15", "2.9.3", "2.10.5"])
def test_on_an_older_airflow_an_import_says_so(alone: Path, tmp_path: Path, old: str) -> None:
    (tmp_path / "airflow").mkdir()
    (tmp_path / "airflow" / "__init__.py").write_text(f"__version__ = {old!r}\n")
    insert = f"sys.path.insert(0, {str(tmp_path)!r}); "
    done = python(alone, insert + "import airflow_fargate_batch.operators")
    last = done.stderr.splitlines()[-1]
    assert re.search(rf"need Airflow 2\.11 or later .*; this is Airflow {old}\. ", last)
