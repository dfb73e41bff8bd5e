"""Extension of Sphinx: a search that also finds words inside Japanese sentences."""

import re
from typing import Any

from sphinx.search.en import SearchEnglish


def setup(app: Any) -> dict[str, bool]:
    """Add the language of ``html_search_language``."""
    app.add_search_language(SearchEnglishAndJapanese)
    return {"parallel_read_safe": True}


class SearchEnglishAndJapanese(SearchEnglish):
    """Words of English, and pairs of Japanese characters, which has no spaces between words.

    A question is split alike, and a page must have all its pairs.
    """

    lang = "en-ja"
    js_splitter_code = r"""
var splitQuery = (query) =>
  (query.match(/[\u3040-\u30ff\u3400-\u9fff々]+|[a-zA-Z0-9_]+/g) ?? []).flatMap((run) =>
    /[a-zA-Z0-9_]/.test(run) || run.length < 3
      ? [run]
      : Array.from({length: run.length - 1}, (_, at) => run.slice(at, at + 2)));
"""

    _RUNS = re.compile(r"(?P<japanese>[\u3040-\u30ff\u3400-\u9fff々]+)|[a-zA-Z0-9_]+")

    def split(self, input: str) -> list[str]:  # noqa: A002 - Sphinx's name
        """Return the words and pairs of a text."""
        return [word for run in self._RUNS.finditer(input) for word in self._words(run)]

    @staticmethod
    def _words(run: re.Match[str]) -> list[str]:
        text = run[0]
        if not run["japanese"] or len(text) < 3:
            return [text]
        return [text[at : at + 2] for at in range(len(text) - 1)]
