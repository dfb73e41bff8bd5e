"""docs/ is current, complete, and equal in its languages; `make docs` builds the site of it."""

import inspect
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.batch import BatchOperator
from airflow.providers.amazon.aws.sensors.batch import BatchSensor

from airflow_fargate_batch._airflow import metrics
from airflow_fargate_batch.core.batch_operator import OTHERS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SITE = runpy.run_path(str(DOCS / "site" / "conf.py"))
IN_TWO_LANGUAGES = [
    ("README.md", "README.ja.md"),
    *((f"docs/{path.name}", f"docs/ja/{path.name}") for path in (DOCS / "ja").glob("*.md")),
]
OF_THE_CONNECTION = {"aws_conn_id", "region_name", "verify", "botocore_config"}


def rows(page: str, section: str = "") -> list[list[str]]:
    """Return the cells of a page's rows after a heading."""
    text = (DOCS / page).read_text().partition(section or "# ")[2]
    table = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.split("|")[1:]] for line in table]


def test_the_reference_is_current() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "reference.py"))
    for name, page in script["pages"]().items():
        text = (DOCS / "reference" / name).read_text()
        assert text == page, "run python scripts/reference.py"


def test_every_page_stands_in_the_navigation() -> None:
    named = [name for names in SITE["PAGES"].values() for name in names.split()]
    listed = {f"{name}.md" if name[0] == "/" else f"/docs/{name}.md" for name in named}
    there = {f"/{path.relative_to(ROOT)}" for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]}
    assert listed == there - {"/README.md"}


@pytest.mark.parametrize(
    "tag", ["<script src='//cdn.example/a.js'>", '<link rel="stylesheet" href="https://a.b/c.css">']
)
def test_the_site_may_not_load_from_another_host(tag: str) -> None:
    assert SITE["LOADED"].search(tag)
    assert not SITE["LOADED"].search('<a href="https://example.com">')


def arguments(cls: Any) -> set[str]:
    return {*inspect.signature(cls.__init__).parameters} - {"self", "kwargs"}


def test_every_argument_of_batch_operator_has_a_row() -> None:
    page = (DOCS / "from-batch-operator.md").read_text().partition("## BatchSensor")[0]
    named = {*re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)}
    assert named == arguments(BatchOperator) | OF_THE_CONNECTION | {"overrides"}
    assert named >= {*OTHERS}


def test_every_argument_of_batch_sensor_has_a_row() -> None:
    named = {row[0].strip("`") for row in rows("from-batch-operator.md", "## BatchSensor")}
    assert named == arguments(BatchSensor)


@pytest.mark.parametrize("name", [name for name, other in OTHERS.items() if other.argument])
def test_the_page_names_the_argument_that_the_error_names(name: str) -> None:
    [new] = [row[1] for row in rows("from-batch-operator.md") if row[0] == f"`{name}`"]
    assert new == f"`{OTHERS[name].argument}`"


def test_every_metric_has_a_row() -> None:
    assert [row[0].strip("`") for row in rows("metrics.md")] == [*metrics.ALL]


def prose(text: str) -> str:
    """Return a page without its blocks."""
    return re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def code(text: str) -> list[str]:
    """Return what stands between backticks, each once."""
    return sorted({" ".join(found.split()) for found in re.findall(r"`([^`]+)`", text)})


def outline(text: str) -> dict[str, list[Any]]:
    """Return what two pages of equal content have in common."""
    targets = re.findall(r"\]\(([^)]+)\)", prose(text))
    lines = prose(text).splitlines()
    return {
        "headings": [line.partition(" ")[0] for line in lines if line.startswith("#")],
        "blocks": re.findall(r"^```\w*\n.*?^```$", text, re.DOTALL | re.MULTILINE),
        "rows": [
            (line.replace(r"\|", "").count("|"), code(line))
            for line in lines
            if line.startswith("|")
        ],
        "items": [line[:2] for line in lines if re.match(r"- |\d\. ", line)],
        "pages": sorted(
            Path(each.partition("#")[0]).name.replace(".ja.md", ".md") for each in targets
        ),
        "paragraphs": [len(re.split(r"\n\s*\n", prose(text).strip()))],
        "code": code(prose(text)),
    }


@pytest.mark.parametrize(("english", "japanese"), IN_TWO_LANGUAGES)
def test_english_and_japanese_have_the_same_content(english: str, japanese: str) -> None:
    assert outline((ROOT / japanese).read_text()) == outline((ROOT / english).read_text())


def numbers(text: str) -> set[str]:
    """Return numbers of two digits or more, as Japanese writes *ten* as 10."""
    return {*re.findall(r"\d[\d.,]*\d", re.sub(r"`[^`]+`", "", prose(text)))}


@pytest.mark.parametrize(("english", "japanese"), IN_TWO_LANGUAGES)
def test_japanese_has_every_number_of_english(english: str, japanese: str) -> None:
    assert numbers((ROOT / english).read_text()) <= numbers((ROOT / japanese).read_text())


@pytest.mark.parametrize("page", [page for _, page in IN_TWO_LANGUAGES])
def test_no_japanese_line_ends_inside_a_clause(page: str) -> None:
    """Browsers and GitHub show the end of a line as a space."""
    letter = "[ぁ-んァ-ヶー一-龠]"
    text = prose((ROOT / page).read_text())
    assert re.findall(rf".*{letter}\n *{letter}.*", text) == []


def test_every_page_that_people_write_is_there_in_japanese() -> None:
    names = f"{SITE['HOW_TO']} {SITE['COMING_FROM']}".split()
    assert {path.stem for path in (DOCS / "ja").glob("*.md")} == {*names}


@pytest.mark.parametrize("page", [page for _, page in IN_TWO_LANGUAGES])
def test_japanese_links_to_japanese(page: str) -> None:
    """Except from a README to the other, and to what is there in English only."""
    there = {(ROOT / english).resolve() for english, _ in IN_TWO_LANGUAGES[1:]}
    path = ROOT / page
    targets = re.findall(r"\]\(([^)#]+)", prose(path.read_text()))
    assert [each for each in targets if (path.parent / each).resolve() in there] == []
