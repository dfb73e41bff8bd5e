"""Flags that are declared as attributes, and where their values come from."""

import argparse

import pytest

from airflow_fargate_batch.cli._flags import Options, flag, seconds, switch, yes_no


class FirstOptions(Options, title="first"):
    """A section with a flag that has all sources."""

    job_queue = flag(str, variable="QUEUE", default="standard", argument="job_queue", help="queue")
    interval = flag(seconds, variable="INTERVAL", help="interval")


class SecondOptions(Options, title="second"):
    """A section with flags without a value."""

    really = switch(help="really")
    tags = yes_no(argument="propagate_tags", help="tags")


class BothOptions(FirstOptions, SecondOptions, title="second"):
    """Both sections, and one more flag in the second."""

    more = flag(str, argument="job_queue", help="more")


def given(*words: str, **environment: str) -> BothOptions:
    parser = argparse.ArgumentParser()
    BothOptions.add_to(parser)
    return BothOptions(parser.parse_args(words), environment)


def test_the_name_of_an_attribute_is_the_name_of_its_flag() -> None:
    assert FirstOptions.job_queue.name == "--job-queue"


def test_a_flag_wins_over_its_variable_and_a_variable_over_the_default() -> None:
    assert given("--job-queue", "Q", QUEUE="V").job_queue == "Q"
    assert given(QUEUE="V").job_queue == "V"
    assert given().job_queue == "standard"


def test_an_empty_variable_counts_as_unset() -> None:
    assert given(QUEUE=" ").job_queue == "standard"
    assert not given(QUEUE=" ").is_given(FirstOptions.job_queue)


def test_a_default_is_not_given_and_a_variable_is_no_flag() -> None:
    queue = FirstOptions.job_queue
    assert (given().is_given(queue), given(QUEUE="V").is_given(queue)) == (False, True)
    assert (given(QUEUE="V").is_flagged(queue), given("--job-queue=Q").is_flagged(queue)) == (
        False,
        True,
    )


def test_a_value_is_parsed_from_a_flag_and_from_a_variable() -> None:
    assert given("--interval", "2").interval == 2.0
    assert given(INTERVAL="3").interval == 3.0
    assert given().interval is None


def test_a_switch_is_false_and_a_choice_between_yes_and_no_is_open_unless_given() -> None:
    assert (given().really, given().tags) == (False, None)
    assert (given("--really").really, given("--no-tags").tags) == (True, False)


def test_sections_stand_in_the_order_of_the_bases_and_equal_titles_are_one_section() -> None:
    names = {
        title: [each.name for each in flags] for title, flags in BothOptions.sections().items()
    }
    assert names == {
        "second": ["--more", "--really", "--tags"],
        "first": ["--job-queue", "--interval"],
    }


def test_of_two_flags_for_one_argument_the_given_flag_counts() -> None:
    assert given("--more", "M").request_arguments() == {"job_queue": "M", "propagate_tags": None}
    assert given("--no-tags").flagged_arguments() == {"propagate_tags": False}


def test_options_are_read_only() -> None:
    with pytest.raises(AttributeError, match="read-only"):
        given().job_queue = "other"  # type: ignore[assignment]
