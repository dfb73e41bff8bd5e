"""A failure that no retry can help keeps its class, and Airflow makes no retry."""

import pickle

import pytest

from airflow_fargate_batch import exceptions
from airflow_fargate_batch._airflow.compat import AirflowFailException
from airflow_fargate_batch._airflow.final_failure import without_retries
from airflow_fargate_batch.core._failure_rules import RULES
from airflow_fargate_batch.core.failure import FailureKind
from airflow_fargate_batch.exceptions import JobFailed


@pytest.mark.parametrize("kind", FailureKind)
def test_a_final_failure_is_of_its_kind_and_makes_airflow_fail_the_task(kind: FailureKind) -> None:
    failure = kind.exception("the report", "job-1", True)
    final = without_retries(failure)
    assert isinstance(final, AirflowFailException)
    assert isinstance(final, kind.exception)
    assert type(final).__name__ == kind.exception.__name__
    assert isinstance(final, JobFailed)
    assert (final.job_id, final.retryable, str(final)) == ("job-1", False, "the report")


def test_a_report_can_say_more() -> None:
    final = without_retries(JobFailed("short", "job-1"), "short\nand why")
    assert str(final) == "short\nand why"


def test_a_final_failure_survives_pickle() -> None:
    final = without_retries(exceptions.ImageNotPulled("the report", "job-1", False))
    twin = pickle.loads(pickle.dumps(final))  # noqa: S301 - our own
    assert type(twin) is type(final)
    assert isinstance(twin, JobFailed)
    assert (str(twin), twin.job_id) == ("the report", "job-1")


def test_each_kind_has_an_exception_of_its_own() -> None:
    classes = {kind.exception for kind in FailureKind}
    assert len(classes) == len(FailureKind)
    narrower = {rule.exception for rule in RULES if rule.exception}
    own = [each for each in vars(exceptions).values() if isinstance(each, type)]
    assert {each for each in own if JobFailed in each.__bases__} == classes | narrower
