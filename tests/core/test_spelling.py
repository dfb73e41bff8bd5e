"""A misspelt name is answered with the nearest name, and anything else with none."""

import pytest

from airflow_fargate_batch.core.spelling import nearest

NAMES = ("environment", "job_queue", "job_definition", "vcpu")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jobQueue", "job_queue"),
        ("job-definition", "job_definition"),
        ("env", "environment"),
        ("vcpus", "vcpu"),
        ("zzz", None),
    ],
)
def test_the_nearest_name(name: str, expected: str | None) -> None:
    assert nearest(name, NAMES) == expected


@pytest.mark.parametrize("name", ["", "_", "--", 5, None, "environmen" * 7], ids=repr)
def test_what_is_no_misspelt_name_is_near_to_none(name: object) -> None:
    assert nearest(name, NAMES) is None
