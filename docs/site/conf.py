"""Settings of Sphinx for the site: ``make docs``.

The source folder is the root of the repository, so that a link that works in the repository works
in the site. The list of pages is here, since people also read the Markdown in the repository.
"""

import re
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]

project = "airflow-fargate-batch"
html_title = project
sys.path.append(str(Path(__file__).parent))
extensions = ["myst_parser", "japanese_search"]
include_patterns = ["*.md", "docs/**.md"]
root_doc = "README"
myst_heading_anchors = 3
html_theme = "furo"
html_extra_path = ["index.html"]
html_show_copyright = False
html_copy_source = False
html_search_language = "en-ja"
suppress_warnings = ["myst.header"]

HOW_TO: Final = (
    "start request chain arrays taskflow dry-run preflight waiting logs sensor retries "
    "exactly-once containers secrets command-line cost ui metrics testing iam managed-airflow "
    "at-scale"
)
COMING_FROM: Final = "from-batch-operator from-script"


def _japanese(names: str) -> str:
    return " ".join(f"ja/{name}" for name in names.split())


PAGES: Final = {
    "How to": f"{HOW_TO} troubleshooting",
    "Coming from": COMING_FROM,
    "Reference": (
        "reference/operator reference/command-line reference/exceptions reference/xcoms "
        "reference/metrics"
    ),
    "Project": "/ARCHITECTURE /CONTRIBUTING /CHANGELOG /SECURITY",
    "日本語": f"/README.ja {_japanese(HOW_TO)}",
    "日本語: 移行": _japanese(COMING_FROM),
}
"""Pages of the navigation by caption, relative to docs/. What is generated is in English only."""

LOADED: Final = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*?\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b[^>]*?\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
)
"""Address on another host that a browser loads with a page."""


def setup(app: Any) -> None:
    """Add the navigation to the first page, set pages in Japanese, and check what was built."""
    app.connect("source-read", _add_navigation)
    app.connect("source-read", _join_japanese_lines)
    app.connect("html-page-context", _name_language)
    app.connect("build-finished", _refuse_other_hosts)


def _add_navigation(app: Any, page: str, source: list[str]) -> None:
    if page == app.config.root_doc:
        source[0] += "".join(_toctree(caption, names.split()) for caption, names in PAGES.items())


def _is_japanese(page: str) -> bool:
    return page == "README.ja" or page.startswith("docs/ja/")


def _join_japanese_lines(_app: Any, page: str, source: list[str]) -> None:
    """Join lines that end with punctuation: a browser would show a gap there."""
    if _is_japanese(page):
        source[0] = re.sub(r"(?<=[、。])\n *(?![-#|\n ]|```|\d\. )", "", source[0])


def _name_language(
    _app: Any, page: str, _template: str, context: dict[str, Any], _tree: Any
) -> None:
    """Let browsers choose Japanese forms of characters, and screen readers a Japanese voice."""
    if _is_japanese(page):
        context["language"] = "ja"


def _toctree(caption: str, names: list[str]) -> str:
    pages = "\n".join(name if name.startswith("/") else f"/docs/{name}" for name in names)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n"


def _refuse_other_hosts(app: Any, failure: Exception | None) -> None:
    for path in [] if failure else Path(app.outdir).rglob("*.html"):
        loaded = [first or second for first, second in LOADED.findall(path.read_text("utf-8"))]
        if loaded:
            raise RuntimeError(f"{path} loads from another host: {', '.join(loaded)}")
