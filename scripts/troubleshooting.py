"""Write the tables of docs/troubleshooting.md from the rules in the code.

    python scripts/troubleshooting.py

The text around the tables is written by hand, in the page.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from airflow_fargate_batch.core._failure_rules import RULES as CAUSES
from airflow_fargate_batch.core._waiting_causes import RULES as WAITS
from airflow_fargate_batch.core.preflight import RULES as CHECKS
from airflow_fargate_batch.core.remedies import filled

PAGE: Final = Path(__file__).parents[1] / "docs" / "troubleshooting.md"


def current(page: str) -> str:
    """Return the page with current tables."""
    for name, table in (("checks", _checks()), ("waits", _waits()), ("causes", _causes())):
        opening = f"<!-- {name}: written by scripts/troubleshooting.py -->\n"
        before, _, rest = page.partition(opening)
        after = rest.partition("<!-- end -->")[2]
        page = f"{before}{opening}\n{table}\n\n<!-- end -->{after}"
    return page


def _checks() -> str:
    rows = [(rule.wrong, filled(rule.remedy, {}), f"`{rule.name}`") for rule in CHECKS]
    return _table(("situation", "what to do", "check"), rows)


def _waits() -> str:
    return _table(
        ("cause", "what to do"), [(rule.situation, filled(rule.advice, {})) for rule in WAITS]
    )


def _causes() -> str:
    rows = [(rule.cause, rule.advice, _yes_no(rule.kind.retryable)) for rule in CAUSES]
    return _table(("cause", "what to do", "can a retry help?"), rows)


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"([|<])", r"\\\1", text)


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
