"""Every state is either final or may still change, and a new one is never mistaken for an end."""

import pytest

from airflow_fargate_batch.core.status import FINAL, NOT_STARTED, JobStatus


@pytest.mark.parametrize("status", JobStatus)
def test_only_succeeded_and_failed_are_final(status: JobStatus) -> None:
    assert status.is_final == (status in {JobStatus.SUCCEEDED, JobStatus.FAILED})
    assert status.is_live != status.is_final


@pytest.mark.parametrize("text", ["HIBERNATING", "", "succeeded", " SUCCEEDED", "UNKNOWN"])
def test_what_the_api_does_not_document_is_unknown_and_not_an_end(text: str) -> None:
    status = JobStatus(text)
    assert status is JobStatus.UNKNOWN
    assert status.is_live


def test_every_state_of_the_installed_botocore_is_known() -> None:
    session = pytest.importorskip("botocore.session")
    model = session.get_session().get_service_model("batch")
    documented = set(model.shape_for("JobStatus").enum)
    assert documented == set(JobStatus) - {JobStatus.UNKNOWN}


def test_a_job_that_has_not_started_is_not_final() -> None:
    assert NOT_STARTED.isdisjoint(FINAL)
    assert JobStatus.STARTING not in NOT_STARTED
