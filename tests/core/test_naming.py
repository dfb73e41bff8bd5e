"""A submission has one token, and a name and tags that AWS takes whatever Airflow calls things."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.naming import (
    DEPLOYMENT_TAG,
    LIFE_TAG,
    SUBMISSION_TAG,
    TAG_PREFIX,
    Submission,
    legal_job_name,
    submission_of_key,
    token_of,
)

LIFE = datetime(2026, 11, 22, 10, 30, 0, 1, tzinfo=timezone(timedelta(hours=1)))
IDENTITY: dict[str, Any] = {
    "dag_id": "daily",
    "run_id": "scheduled__2026-11-22T00:00:00+00:00",
    "task_id": "extract",
    "map_index": -1,
    "generation": 0,
}


def submission(**different: Any) -> Submission:
    return Submission.of_task(**(IDENTITY | different))


def test_the_recipe_of_the_token_is_persisted_so_it_never_changes() -> None:
    assert submission().token == "aaa827caac10e6e5"
    assert submission().mark == "aaa827caac10e6e5-0"


def test_the_recipe_with_a_deployment_is_persisted_as_well() -> None:
    one = submission(deployment="prod")
    assert one.token == "17b89e91a281cd7b"
    assert one.former_token == submission().token
    assert submission(deployment="prod", operator_id="x", ordinal=1).token == "6f793a0fcc0f0ef5"


def test_the_life_of_the_run_is_no_part_of_the_token() -> None:
    """A run that is cleared after its end begins anew, and must still find its jobs."""
    assert submission(life=LIFE) == replace(submission(), life=LIFE)


def test_a_task_s_own_first_submit_is_named_by_the_task_alone() -> None:
    assert submission(operator_id="extract", ordinal=0) == submission()


PLACES = [("extract", 1), ("inner", 0), ("inner", 1), ("other", 0)]


def test_each_place_in_a_task_has_a_token_of_its_own() -> None:
    places = [submission(operator_id=name, ordinal=turn) for name, turn in PLACES]
    assert len({one.token for one in [submission(), *places]}) == len(PLACES) + 1
    assert not any(one.former_token for one in places)  # an earlier version knew no places


@pytest.mark.parametrize(
    "different",
    [{"dag_id": "d"}, {"run_id": "r"}, {"task_id": "t"}, {"map_index": 0}, {"deployment": "x"}],
    ids=lambda each: next(iter(each)),
)
def test_another_task_instance_has_another_token(different: dict[str, Any]) -> None:
    assert submission(**different).token != submission().token


def test_another_generation_has_the_same_token_and_another_mark() -> None:
    cleared = submission(generation=3)
    assert cleared.token == submission().token
    assert cleared.mark == f"{submission().token}-3"


def test_ids_that_read_the_same_when_joined_are_told_apart() -> None:
    assert token_of("a", "b-c") != token_of("a-b", "c")
    assert token_of("1", 2) != token_of(1, "2")


@pytest.mark.parametrize(
    ("different", "name"),
    [
        ({}, "p-daily-extract-{mark}"),
        ({"map_index": 7}, "p-daily-extract-7-{mark}"),
        ({"task_id": "group.extract"}, "p-daily-group-extract-{mark}"),
        ({"dag_id": "日次", "task_id": "t"}, "p---t-{mark}"),
    ],
    ids=str,
)
def test_a_default_name_says_who_it_is(different: dict[str, Any], name: str) -> None:
    one = submission(**different)
    assert one.job_name("p") == name.format(mark=one.mark)


def test_a_long_name_is_cut_before_the_mark() -> None:
    one = submission(dag_id="d" * 250, task_id="t" * 250, map_index=9999, generation=99)
    name = one.job_name("prefix")
    assert len(name) == 126  # room is left for a generation of four digits
    assert name.endswith(f"-9999-{one.mark}")


def test_outside_airflow_there_is_a_token_and_nothing_else() -> None:
    one = Submission(token="abc")
    assert one.job_name("p") == "p-abc-0"
    assert one.tags(room=50) == {SUBMISSION_TAG: "abc-0"}


def test_the_tags_say_dag_task_run_and_map_index() -> None:
    assert submission(map_index=7).tags(room=50) == {
        SUBMISSION_TAG: submission(map_index=7).mark,
        f"{TAG_PREFIX}dag": "daily",
        f"{TAG_PREFIX}task": "extract",
        f"{TAG_PREFIX}run": "scheduled__2026-11-22T00:00:00+00:00",
        f"{TAG_PREFIX}map-index": "7",
    }


def test_the_tags_say_deployment_life_and_place() -> None:
    one = submission(deployment="prod", life=LIFE, operator_id="inner", ordinal=2)
    tags = one.tags(room=50)
    assert list(tags)[:3] == [SUBMISSION_TAG, LIFE_TAG, DEPLOYMENT_TAG]
    assert tags[LIFE_TAG] == "2026-11-22T09:30:00.000001+00:00"
    assert tags[DEPLOYMENT_TAG] == "prod"
    assert tags[f"{TAG_PREFIX}operator"] == "inner:2"


@pytest.mark.parametrize(("room", "count"), [(-1, 0), (0, 0), (1, 1), (3, 3), (50, 4)])
def test_the_most_important_tags_come_first(room: int, count: int) -> None:
    tags = submission().tags(room=room)
    assert len(tags) == count
    assert not tags or next(iter(tags)) == SUBMISSION_TAG


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a", "a"),
        ("my job.1", "my-job-1"),
        ("--_a", "a"),
        ("", "job"),
        ("日次", "job"),
        ("a" * 200, "a" * 128),
    ],
)
def test_the_nearest_legal_job_name(text: str, name: str) -> None:
    assert legal_job_name(text) == name


@given(st.text(), st.text(), st.text(), st.text(), st.integers(-1), st.integers(0, 99))
def test_whatever_things_are_called_names_and_tags_are_legal(
    prefix: str, dag: str, run: str, task: str, index: int, generation: int
) -> None:
    one = submission(
        dag_id=dag, run_id=run, task_id=task, map_index=index % 10_000, generation=generation
    )
    name = one.job_name(prefix)
    assert limits.JOB_NAME.match(name)
    assert name.endswith(one.mark)
    for key, value in one.tags(room=50).items():
        assert limits.TAG_CHARACTERS.match(key + value)
        assert len(value) <= limits.TAG_VALUE_LENGTH


def test_no_generation_changes_the_rest_of_a_long_name() -> None:
    names = [
        submission(dag_id="d" * 250, generation=generation).job_name("prefix")
        for generation in (0, 10, 9999)
    ]
    assert len({name.rpartition("-")[0] for name in names}) == 1
    assert max(map(len, names)) == 128


def test_a_key_of_the_caller_is_one_submission_in_every_run() -> None:
    assert submission_of_key("2026-11-22") == submission_of_key("2026-11-22")
    assert submission_of_key("2026-11-22").token != submission_of_key("2026-11-23").token
    assert submission_of_key("2026-11-22").generation == 0
