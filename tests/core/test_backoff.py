import pytest

from airflow_fargate_batch.core.backoff import full_jitter


@pytest.mark.parametrize(
    ("attempt", "longest"),
    [(0, 0.5), (1, 1.0), (2, 2.0), (5, 16.0), (6, 20.0), (7, 20.0), (10**9, 20.0)],
)
def test_the_longest_pause_doubles_up_to_the_cap(attempt: int, longest: float) -> None:
    assert full_jitter(attempt, 1.0) == longest


@pytest.mark.parametrize("chance", [0.0, 0.25, 0.999])
def test_chance_spreads_a_pause_from_nothing_to_the_longest(chance: float) -> None:
    assert full_jitter(3, chance) == chance * 4.0


def test_base_and_cap_can_be_chosen() -> None:
    assert [full_jitter(attempt, 1.0, base=1.0, cap=3.0) for attempt in range(3)] == [1.0, 2.0, 3.0]
