"""Long lists in messages."""

import pytest

from airflow_fargate_batch.core.listing import first_few, in_a_sentence


@pytest.mark.parametrize(
    ("texts", "lines", "sentence"),
    [
        pytest.param("a", ["a"], "a", id="one"),
        pytest.param("ab", ["a", "b"], "a, b", id="as many as fit"),
        pytest.param("abcd", ["a", "b", "and 2 more"], "a, b and 2 more", id="more"),
    ],
)
def test_a_list_ends_with_the_number_of_the_others(
    texts: str, lines: list[str], sentence: str
) -> None:
    assert first_few(texts, 2) == lines
    assert in_a_sentence(texts, 2) == sentence


def test_the_others_may_have_a_noun_and_be_counted_by_the_caller() -> None:
    assert first_few([1, 2], 2, noun="jobs", count=7) == [1, 2, "and 5 more jobs"]
    assert first_few("ab", 5, count=7) == ["a", "b", "and 5 more"]
    assert in_a_sentence("a", 1, count=3) == "a and 2 more"
