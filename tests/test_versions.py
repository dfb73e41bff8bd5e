"""The versions that `make test-all` runs on: what pyproject.toml admits, and as the page says."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PINS = ROOT / "constraints"
AMAZON = "apache-airflow-providers-amazon"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = sorted((path.stem[8:] for path in PINS.glob("airflow-*.in")), key=Version)
NEWEST = LINES[-1]


def pins(name: str) -> dict[str, str]:
    lines = (PINS / f"{name}.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines)


def amazon_versions(line: str) -> list[str]:
    """Return the versions of the Amazon provider that a line's tests run with."""
    names = [path.stem for path in PINS.glob(f"airflow-{line}*.txt")]
    found = {pins(name)[AMAZON] for name in names if AMAZON in pins(name)}
    return sorted(found, key=Version)


def pythons() -> list[str]:
    classifiers: list[str] = PROJECT["classifiers"]
    last = [each.rpartition(" :: ")[2] for each in classifiers if "Python :: 3." in each]
    return sorted(last, key=Version)


def test_the_page_has_a_row_for_each_line_that_is_tested() -> None:
    rows = [
        f"| {pins(f'airflow-{line}')['apache-airflow']} | {', '.join(amazon_versions(line))} "
        f"| {', '.join(pythons() if line == NEWEST else pythons()[:1])} |"
        for line in LINES
    ]
    page = (ROOT / "docs" / "managed-airflow.md").read_text()
    assert "\n".join(["| Airflow | Amazon provider | Python |", "|---|---|---|", *rows]) in page


@pytest.mark.parametrize("line", LINES)
def test_each_line_is_tested_with_the_oldest_and_the_newest_amazon_provider(line: str) -> None:
    bounds = {
        bound.version
        for each in map(Requirement, PROJECT["optional-dependencies"]["airflow"])
        if each.name == AMAZON
        for bound in each.specifier
        if bound.operator == ">="
    }
    oldest, *_, newest = amazon_versions(line)
    assert {Version(oldest)} == set(map(Version, bounds))
    assert newest == pins(f"airflow-{NEWEST}")[AMAZON]


@pytest.mark.parametrize("path", sorted(PINS.glob("airflow-*-*.txt")), ids=lambda path: path.stem)
def test_a_file_of_changes_has_what_differs_from_its_line(path: Path) -> None:
    line = "-".join(path.stem.split("-")[:2])
    changes = pins(path.stem)
    assert changes
    assert not changes.items() & pins(line).items()


def test_make_knows_each_file_of_changes_and_each_python() -> None:
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", "")
    values = dict(re.findall(r"^(\w+) :?= (.*)$", makefile, flags=re.MULTILINE))
    variants = [*values["OTHER_AMAZON"].split(), *values["VARIANTS"].split()]
    known = {each for each in variants if not each.startswith("$")}
    assert {f"airflow-{name}" for name in known} == {
        path.stem for path in PINS.glob("airflow-*-*.txt")
    }
    assert ["python3.11", *values["PYTHONS"].split()] == [f"python{each}" for each in pythons()]
