"""Contents of wheel and sdist, and installs: with Airflow, without, and beside an old one."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import HeaderParser
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.patience import PATIENCE
from tests.short_lived import COLLECT_NOTHING

ROOT = Path(__file__).parents[1]

pytest.importorskip("hatchling", reason="the build backend is one of the tools of make setup")


BUILD = """
import sys
from hatchling.build import build_sdist, build_wheel
build_sdist(sys.argv[1])
build_wheel(sys.argv[1])
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel and the sdist, built by ``make dist`` or built now."""
    if given := os.environ.get("DIST"):
        return ROOT / given
    folder = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-c", COLLECT_NOTHING + BUILD, str(folder)]
    subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    """Return the wheel's path."""
    [path] = dist.glob("*.whl")
    return path


def test_the_wheel_has_the_package_and_nothing_else(wheel: Path) -> None:
    info = "airflow_fargate_batch-{}.dist-info/".format(wheel.name.split("-")[1])
    described = ["METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"]
    package = (ROOT / "airflow_fargate_batch").rglob("*")
    kept = {".py", ".html", ".css", ".js", ".txt"}
    modules = [str(path.relative_to(ROOT)) for path in package if path.suffix in kept]
    with zipfile.ZipFile(wheel) as archive:
        assert sorted(archive.namelist()) == sorted(
            [*modules, "airflow_fargate_batch/py.typed", *(info + name for name in described)]
        )


def test_the_sdist_has_what_its_tests_need_and_nothing_of_this_checkout(dist: Path) -> None:
    [path] = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {name.partition("/")[0] for name in names} == {
        ".gitignore",  # the build backend always adds it
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "PKG-INFO",
        "README.ja.md",
        "README.md",
        "SECURITY.md",
        "airflow_fargate_batch",
        "benchmarks",
        "constraints",
        "dags_examples",
        "docs",
        "pyproject.toml",
        "scripts",
        "tests",
    }
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    """Read the wheel's metadata."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return HeaderParser().parsestr(archive.read(name).decode())


def test_links_of_the_readme_work_on_a_package_index(metadata: Message) -> None:
    """The links lead to the files of this version."""
    text = metadata.get_payload()
    assert isinstance(text, str)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    [source] = [url for url in metadata.get_all("Project-URL", []) if url.startswith("Source, ")]
    files = "{}/blob/v{}/".format(source.removeprefix("Source, "), metadata["Version"])
    linked = [each.removeprefix(files) for each in targets if each.startswith(files)]
    assert {"CHANGELOG.md", "README.ja.md", "dags_examples/daily_chain.py"} <= {*linked}
    assert [name for name in linked if not (ROOT / name).is_file()] == []
    assert [each for each in targets if not re.match("https?://|#", each)] == []


def test_airflow_s_list_of_providers_links_to_the_documentation(metadata: Message) -> None:
    """From 3.2 on Airflow takes the address from the package's metadata."""
    urls = dict(url.split(", ", 1) for url in metadata.get_all("Project-URL", []))
    assert urls["Documentation"] == f"{urls['Source']}/tree/v{metadata['Version']}/docs"


def requirements(metadata: Message, extra: str = "") -> list[Requirement]:
    """Return the requirements of an install with an extra, or with none."""
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
    """This holds on every Airflow line; the oldest line has an old boto3."""
    for each in requirements(metadata, extra):
        assert each.specifier.contains(version(each.name), prereleases=True), each


def closure(names: set[str]) -> set[str]:
    """Return distributions and all their dependencies."""
    found: set[str] = set()
    while names:
        name = names.pop()
        found.add(name)
        for needed in map(Requirement, distribution(name).requires or ()):
            is_for_us = not needed.marker or needed.marker.evaluate({"extra": ""})
            if is_for_us and needed.name not in found:
                names.add(needed.name)
    return found


@pytest.fixture(params=["", "[local]", "[airflow]"], ids=["no extra", "local", "airflow"])
def installed(wheel: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Install the wheel as a user does, with an extra, and return the folder of its programs."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "v"], check=True)
    programs = tmp_path / "v" / "bin"
    pins = ["--constraints", str(ROOT / "constraints" / "airflow-3.3.txt")]
    words = [str(uv), "pip", "install", "--quiet", "--python", str(programs / "python"), *pins]
    subprocess.run([*words, f"{wheel}{request.param}"], cwd=tmp_path, check=True)
    return programs


def lowest(extra: str) -> dict[str, str]:
    """Return the lowest version that pyproject.toml admits of each dependency."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"][extra]]
    return {
        each.name: bound.version
        for each in map(Requirement, lines)
        for bound in each.specifier
        if bound.operator == ">="
    }


@pytest.mark.parametrize(
    ("pins", "extra", "names"),
    [
        ("lowest.txt", "local", {"boto3", "rich", "moto", "flask", "flask-cors", "werkzeug"}),
        (
            "airflow-2.11.txt",
            "airflow",
            {"apache-airflow", "apache-airflow-providers-amazon"},
        ),
    ],
)
def test_the_lowest_versions_that_are_admitted_are_the_ones_tested(
    pins: str, extra: str, names: set[str]
) -> None:
    lines = (ROOT / "constraints" / pins).read_text().splitlines()
    pinned = dict(line.split("==") for line in lines)
    bounds = lowest(extra)
    assert names <= bounds.keys()
    assert {name: Version(pinned[name]) for name in names} == {
        name: Version(bounds[name]) for name in names
    }


TRY = """
import importlib.util, sys
import airflow_fargate_batch
assert sys.prefix in airflow_fargate_batch.__file__, "the wheel, not the repository"
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.local import LocalBatch
with LocalBatch() as aws:
    assert aws.environ
if importlib.util.find_spec("airflow"):
    from airflow.providers_manager import ProvidersManager
    assert "airflow-fargate-batch" in ProvidersManager().providers
    from airflow_fargate_batch.operators import FargateBatchSubmitOperator
    task = FargateBatchSubmitOperator(task_id="a", job_queue="q", job_definition="d")
    assert task.template_fields
"""


@pytest.mark.long
def test_the_installed_wheel_works_without_the_repository(installed: Path, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    for words in (
        ["fargate-batch", "sizes", "--vcpu", "2"],
        ["submit-fargate-job", "--dry-run"],
        ["python", "-c", TRY],
    ):
        words[0] = str(installed / words[0])
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def alone(wheel: Path, metadata: Message, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel and its dependencies, and nothing else of this environment."""
    folder = tmp_path_factory.mktemp("alone")
    shutil.unpack_archive(wheel, folder, "zip")
    for name in closure({each.name for each in requirements(metadata)}):
        for file in distribution(name).files or ():
            top = file.parts[0]
            if top not in {"..", "__pycache__"} and not (folder / top).exists():
                (folder / top).symlink_to(str(distribution(name).locate_file(top)))
    return folder


def python(folder: Path, code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter with only the standard library and a folder on its path."""
    start = f"import sys; sys.path.insert(0, {str(folder)!r}); "
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", start + code, *words],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
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
