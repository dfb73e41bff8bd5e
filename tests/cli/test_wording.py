"""Messages name flags, in a shell, and one table says which."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import airflow_fargate_batch
from airflow_fargate_batch.cli import wait
from airflow_fargate_batch.cli._shared_options import LogOptions
from airflow_fargate_batch.cli._submit_flags import SubmitOptions
from airflow_fargate_batch.cli._wording import FLAG_OF, in_flags, problems_in_flags
from airflow_fargate_batch.core.request import Arguments
from airflow_fargate_batch.exceptions import InvalidRequest, Problem

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
        ("`depends_on[0].jobId` is", "--depends-on[0].jobId is"),
        ("`environment.A` is set twice", "--environment.A is set twice"),
        ("set job_timeout higher", "set job_timeout higher"),
        ("the command and memory of it", "the command and memory of it"),
        ("of the task's `retries`", "of the task's `retries`"),
        ("s3://bucket/job_queue/x and a.job_queue", "s3://bucket/job_queue/x and a.job_queue"),
    ],
)
def test_an_argument_becomes_its_flag_and_other_words_stay(text: str, said: str) -> None:
    assert in_flags(text) == said


def test_a_problem_names_the_flag_of_its_place() -> None:
    problems = [Problem("memory", "is 0"), Problem("depends_on[0]", "set `array_size`")]
    assert problems_in_flags(InvalidRequest(problems)) == (
        "2 problems in the request:\n- --memory: is 0\n- --depends-on[0]: set --array-size"
    )
    assert problems_in_flags(InvalidRequest([Problem("job_ids", "are none")])) == (
        "job_ids: are none"
    )


def test_the_core_marks_each_argument_that_its_messages_name() -> None:
    """An unmarked name would reach a shell as it is, and no shell has it."""
    unmarked = re.compile(
        rf"(?<![\w'./`*-])(?:{'|'.join(n for n in FLAG_OF if '_' in n)})(?![\w'/`=-])"
    )
    package = Path(airflow_fargate_batch.__file__).parent
    found = {
        f"{path.relative_to(package)}: {text}"
        for layer in ("core", "aws", "submitting", "watching")
        for path in (package / layer).rglob("*.py")
        for text in _texts(path)
        if " " in text and unmarked.search(text)
    }
    assert found == set()


def _texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module except docstrings."""
    tree = ast.parse(path.read_text())
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value
