"""Every exception says what to do, and survives the way from one process to another."""

import copy
import pickle
from collections.abc import Callable

import pytest

from airflow_fargate_batch import exceptions
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AwsError,
    EmptyArray,
    FargateBatchError,
    InvalidRequest,
    JobFailed,
    JobLost,
    JobTimedOut,
    Problem,
    ResultMissing,
    SubmissionUncertain,
    UnusableResult,
)

ONE = Problem(
    "vcpu", "3 vCPU is not part of any Fargate size: use 2 or 4", "use 2 or 4", ("memory",)
)
OTHER = Problem("job_queue", "is missing")
OWN_ARGUMENTS: dict[type[FargateBatchError], tuple[object, ...]] = {
    InvalidRequest: ((ONE, OTHER),),
    EmptyArray: ((ONE,),),
    AccessDenied: ("not authorized", "batch:SubmitJob"),
    JobLost: ("id", "RUNNING"),
    ResultMissing: ("id", "no line", "Print one."),
    UnusableResult: ("id", "not JSON", None),
}
CLASSES = [
    each
    for each in vars(exceptions).values()
    if isinstance(each, type) and issubclass(each, FargateBatchError)
]


def an_instance(of: type[FargateBatchError]) -> FargateBatchError:
    arguments: tuple[object, ...] = ("message",)
    if issubclass(of, AwsError):
        arguments = ("message", "advice")
    elif issubclass(of, JobFailed):
        arguments = ("exit code 1", "id", False)
    return of(*OWN_ARGUMENTS.get(of, arguments))


@pytest.mark.parametrize("of", CLASSES, ids=lambda each: each.__name__)
@pytest.mark.parametrize(
    "copied",
    [
        pytest.param(lambda error: pickle.loads(pickle.dumps(error)), id="pickle"),  # noqa: S301 - our own
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
    ],
)
def test_every_exception_survives(
    of: type[FargateBatchError], copied: Callable[[FargateBatchError], FargateBatchError]
) -> None:
    error = an_instance(of)
    twin = copied(error)
    assert type(twin) is of
    assert (str(twin), vars(twin), twin.args) == (str(error), vars(error), error.args)


@pytest.mark.parametrize("of", CLASSES, ids=lambda each: each.__name__)
def test_every_exception_is_drawn_in_the_hierarchy(of: type[FargateBatchError]) -> None:
    assert of.__name__ in (exceptions.__doc__ or "")
    assert of.__doc__


def test_an_invalid_request_is_a_value_error_too() -> None:
    assert issubclass(InvalidRequest, ValueError)


def test_one_problem_is_a_line_and_several_are_a_list() -> None:
    assert str(InvalidRequest([OTHER])) == "job_queue: is missing"
    assert str(InvalidRequest(iter([ONE, OTHER]))) == (
        "2 problems in the request:\n"
        "- vcpu: 3 vCPU is not part of any Fargate size: use 2 or 4\n"
        "- job_queue: is missing"
    )


def test_a_million_problems_are_kept_and_the_first_are_said() -> None:
    error = InvalidRequest([OTHER] * 10**6)
    assert len(error.problems) == 10**6
    assert str(error).startswith("1000000 problems in the request:\n- job_queue: is missing\n")
    assert str(error).endswith("\n- and 999980 more")
    assert len(str(error)) + len(repr(error)) < 2000


def test_access_denied_names_the_action_to_allow() -> None:
    error = AccessDenied("not authorized", "batch:SubmitJob")
    assert error.action == "batch:SubmitJob"
    assert str(error) == "not authorized\nGrant the IAM action batch:SubmitJob to the caller."


@pytest.mark.parametrize(
    ("status", "seen"), [("RUNNING", "last seen RUNNING"), (None, "never seen")]
)
def test_a_lost_job_is_named_with_its_last_state(status: str | None, seen: str) -> None:
    assert str(JobLost("id", status)).startswith(f"AWS Batch does not know job id ({seen})")


def test_errors_without_fields_say_what_they_were_told() -> None:
    assert str(SubmissionUncertain("no answer")) == "no answer"
    assert str(JobTimedOut("too long")) == "too long"
