"""The pages in a real Airflow: as its API server answers, and who may see them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
import requests

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import connect
from tests.airflow.harness import RealAirflow, Run
from tests.patience import until

LINE = tuple(map(int, version("apache-airflow").split(".")[:2]))
pytestmark = pytest.mark.skipif(LINE < (3, 1), reason="this Airflow has no pages of plugins")
HERE = Path(__file__).parent


@dataclass(kw_only=True)
class Pages:
    """A run whose jobs are in each state."""

    airflow: RealAirflow
    aws: LocalBatch
    run: Run

    def get(self, path: str) -> requests.Response:
        return self.airflow.get(f"fargate-batch/{path}")

    def task(self, task_id: str) -> str:
        answer = self.get(f"task/pages/{task_id}/%7BMAP_INDEX%7D/{self.run.run_id}")
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(speed=20) as aws:
        aws.script(name="*running*", runtime=100_000, log=[f"line {n}" for n in range(30)])
        failed = [3, 17, 99]
        aws.script(name="*failing*", exit_code=3, indexes=failed, runtime=1, log=["it broke"])
        aws.script(name="*retried*", exit_code=7, runtime=1)
        reason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - more than the queue has"
        aws.script(name="*stuck*", stuck_in="RUNNABLE", status_reason=f"CAPACITY: {reason}")
        yield aws


@pytest.fixture(scope="session")
def run(real_airflow: RealAirflow, aws: LocalBatch) -> Run:
    connect(real_airflow, aws, "aws_pages")
    real_airflow.add_dags(HERE / "dags_pages" / "pages.py", dag_ids=("pages",))
    return real_airflow.trigger("pages")


@pytest.mark.triggers
def test_a_task_in_each_state_is_triggered(real_airflow: RealAirflow, run: Run) -> None:
    assert real_airflow.states(run)


@pytest.fixture(scope="session")
def pages(real_airflow: RealAirflow, aws: LocalBatch, run: Run) -> Pages:
    real_airflow.wait_for(run, "failing", "failed", "up_for_retry")
    real_airflow.wait_for(run, "rendered", "success")
    real_airflow.wait_for(run, "retried", "failed")
    real_airflow.wait_for(run, "running", "deferred")
    real_airflow.wait_for(run, "stuck", "deferred")
    until(lambda: any(job["status"] == "RUNNING" for job in aws.jobs))
    return Pages(airflow=real_airflow, aws=aws, run=run)


def test_a_running_job_has_state_size_and_timeline(pages: Pages) -> None:
    page = pages.task("running")
    assert "RUNNING" in page
    assert "1 vCPU, 2048 MiB" in page
    assert "Timeline" in page
    assert 'hx-trigger="every 10s"' in page


def test_the_log_of_a_running_job_is_shown(pages: Pages) -> None:
    answer = pages.get(f"log/pages/running/none/{pages.run.run_id}")
    assert "line 1" in answer.text


def test_a_failed_array_names_its_failed_children_and_what_to_do(pages: Pages) -> None:
    page = pages.task("failing")
    assert "FAILED" in page
    assert "120 children" in page
    assert page.count('href="#child-') == 3
    assert "exit code 3" in page
    log = pages.get(f"log/pages/failing/none/{pages.run.run_id}?child=17")
    assert "it broke" in log.text


def test_each_try_has_the_job_that_it_submitted(pages: Pages) -> None:
    page = pages.task("retried")
    [tries] = re.findall(r'<ul class="tries">.*?</section>', page, flags=re.DOTALL)
    first, second = tries.split("Try 2: failed")
    jobs = {job["jobId"] for job in pages.aws.jobs if "retried" in job["jobName"]}
    found = [
        re.findall("job ([-0-9a-f]{36}) FAILED, exit code 7", text) for text in (first, second)
    ]
    assert [len(ids) for ids in found] == [1, 1]
    assert {id_ for ids in found for id_ in ids} == jobs


def test_no_page_shows_a_secret(pages: Pages) -> None:
    assert "correct-horse" not in pages.task("failing")


def test_a_stuck_job_says_why(pages: Pages) -> None:
    page = pages.task("stuck")
    assert "RUNNABLE" in page
    assert "CAPACITY" in page


def test_a_dry_run_shows_the_request(pages: Pages) -> None:
    assert "resourceRequirements" in pages.task("rendered")


def test_tasks_of_other_operators_get_one_quiet_sentence(pages: Pages) -> None:
    assert "runs no Fargate job" in pages.task("other")


def test_the_list_has_the_jobs_and_finds_them(pages: Pages) -> None:
    page = pages.get("jobs").text
    for task in ("running", "failing", "stuck"):
        assert f"/tasks/{task}/plugin/fargate-job" in page
    assert "tasks/rendered" not in page
    [job_id] = re.findall("<dt>Job</dt><dd>([-0-9a-f]{36})", pages.task("failing"))
    for text in ("failing", job_id, job_id[4:20].upper()):
        found = pages.get(f"jobs?text={text}").text
        assert "tasks/failing" in found
        assert "tasks/running" not in found


def test_a_task_that_airflow_does_not_know_is_404(pages: Pages) -> None:
    assert pages.get("task/pages/running/none/no-such-run").status_code == 404
