"""A dry run leaves what a job would leave, and never looks like a success."""

from airflow_fargate_batch.core.dry_run import dry_run_summary, placeholder
from airflow_fargate_batch.core.request import DRY_RUN_PREFIX
from tests.core.making import make


def test_a_later_dry_run_may_depend_on_the_placeholder() -> None:
    request = make(job_name="nightly")
    assert placeholder(request) == f"{DRY_RUN_PREFIX}nightly"
    assert make(job_name="next", depends_on=None).depends_on == ()


def test_the_summary_says_that_nothing_ran() -> None:
    said = dry_run_summary(make(job_name="nightly", vcpu="0.25", memory=512))
    assert said["job_id"] == "dry-run:nightly"
    assert said["status"] == "DRY_RUN"
    assert said["status_reason"] == "dry run: nothing was submitted"
    assert (said["vcpu"], said["memory"]) == (0.25, 512)
    assert said["started_at"] is said["stopped_at"] is said["exit_code"] is None
    assert "array" not in said


def test_the_summary_of_an_array_has_its_size() -> None:
    array = dry_run_summary(make(job_name="nightly", array_size=3))["array"]
    assert (array["size"], array["counts"]) == (3, {})
