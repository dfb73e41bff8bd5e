"""Messages name flags, in a shell, and one table says which."""

from dataclasses import fields

import pytest

from airflow_fargate_batch.cli import wait
from airflow_fargate_batch.cli._shared_options import LogOptions
from airflow_fargate_batch.cli._submit_flags import SubmitOptions
from airflow_fargate_batch.cli._wording import FLAG_OF, in_flags
from airflow_fargate_batch.core.request import Arguments

KNOWN = {
    flag.name: flag.argument
    for options in (SubmitOptions, wait.WaitOptions, LogOptions)
    for flag in options.flags()
}


def test_every_flag_of_the_table_exists() -> None:
    assert set(FLAG_OF.values()) <= KNOWN.keys()


def test_every_argument_of_a_request_is_in_the_table() -> None:
    without_flag = {
        "ignore_missing_dependencies",  # a shell gives ids, which are never None
        "out_of_memory",  # a shell has no retries of its own
        "max_memory",
        "fallback_job_queue",
    }
    assert {field.name for field in fields(Arguments)} - without_flag <= FLAG_OF.keys()
    for argument in filter(None, KNOWN.values()):
        assert argument in FLAG_OF


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise `memory` and see", "raise --memory and see"),
        ("give `size_policy='round_up'` too", "give --size-policy round_up too"),
        ("set job_timeout higher", "set --job-timeout higher"),
        ("use the argument vcpu, or", "use --vcpu, or"),
        ("the command and memory of it", "the command and memory of it"),
        ("of the task's `retries`", "of the task's `retries`"),
        ("s3://bucket/job_queue/x and a.job_queue", "s3://bucket/job_queue/x and a.job_queue"),
    ],
)
def test_an_argument_becomes_its_flag_and_other_words_stay(text: str, said: str) -> None:
    assert in_flags(text) == said
