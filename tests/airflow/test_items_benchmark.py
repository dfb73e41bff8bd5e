"""``make bench PART=items`` runs, at the smallest size."""

import pytest

pytest.importorskip("airflow.sdk", reason="the benchmarks are for the newest Airflow")

from benchmarks import items
from benchmarks._size import Size


def test_a_list_is_one_submit_as_an_array_and_one_for_each_item_when_mapped() -> None:
    rows = {row.what: row for row in items.run(Size.QUICK)}
    assert (rows["SubmitJob calls"].ours, rows["SubmitJob calls"].theirs) == (1, 4)
    assert all(row.ours > 0 and row.theirs for row in rows.values())
