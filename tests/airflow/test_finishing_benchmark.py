"""``make bench PART=finish`` runs, at the smallest size."""

import pytest

pytest.importorskip("airflow.sdk", reason="the benchmarks are for the newest Airflow")

from benchmarks import finishing
from benchmarks._process import Skipped
from benchmarks._size import Size


def test_both_ends_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: str) -> None:
        raise Skipped("tests download nothing")

    monkeypatch.setattr(finishing, "with_aiobotocore", refuse)
    rows = finishing.run(Size.QUICK)
    assert all(row.ours > 0 for row in rows)
    assert [row.theirs is None for row in rows] == [False] * 4 + [True] * 4
