"""Jobs of several containers whose commands really run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_streams import telling_source
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_QUEUE
from tests.core.reporting import report
from tests.local.test_local_commands import (
    AT_ONCE,
    CONTAINER_SIZE,
    ROLE,
    environment,
    output,
    register,
    wait,
)


@pytest.fixture
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(run_commands=True, pace=AT_ONCE) as aws:
        yield aws


class Multi:
    """Jobs of a definition with several containers."""

    def __init__(self, aws: LocalBatch) -> None:
        self.aws = aws
        self.batch = aws.client("batch")

    def run(self, *containers: dict[str, Any], **more: Any) -> dict[str, Any]:
        listed = [{"image": "x", **CONTAINER_SIZE, **container} for container in containers]
        task = {"executionRoleArn": ROLE, "containers": listed}
        register(self.batch, ecsProperties={"taskProperties": [task]})
        job = self.batch.submit_job(jobName="x", jobQueue=READY_QUEUE, jobDefinition="mine", **more)
        return wait(self.batch, job["jobId"])

    def shown(self, job: dict[str, Any]) -> dict[str, dict[str, Any]]:
        [task] = job["ecsProperties"]["taskProperties"]
        return {container["name"]: container for container in task["containers"]}

    def output(self, container: dict[str, Any]) -> list[str]:
        return output(self.aws, {"container": container})


def shell(name: str, script: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "command": ["sh", "-c", script], **more}


@pytest.fixture
def multi(aws: LocalBatch) -> Multi:
    return Multi(aws)


def test_all_containers_run_and_the_essential_one_decides(multi: Multi) -> None:
    job = multi.run(
        shell(
            "metrics", "trap 'exit 3' TERM; echo side; while :; do sleep 0.1; done", essential=False
        ),
        shell("main", "echo main; sleep 0.5; exit 99"),
    )
    assert (job["status"], job["statusReason"]) == ("FAILED", "Essential container in task exited")
    shown = multi.shown(job)
    assert {name: c["exitCode"] for name, c in shown.items()} == {"metrics": 3, "main": 99}
    assert [multi.output(shown[name])[0] for name in ("metrics", "main")] == ["side", "main"]
    [attempt] = job["attempts"]
    [task] = attempt["taskProperties"]
    assert {c["name"]: c["exitCode"] for c in task["containers"]} == {"metrics": 3, "main": 99}


def test_a_nonessential_container_that_fails_spoils_nothing(multi: Multi) -> None:
    job = multi.run(shell("side", "exit 1", essential=False), shell("main", "sleep 0.3"))
    assert job["status"] == "SUCCEEDED"
    assert multi.shown(job)["side"]["exitCode"] == 1


@pytest.mark.parametrize(
    ("condition", "code", "outcome"),
    [
        ("START", 7, "SUCCEEDED"),
        ("COMPLETE", 7, "SUCCEEDED"),
        ("SUCCESS", 0, "SUCCEEDED"),
        ("SUCCESS", 7, "FAILED"),
    ],
)
def test_containers_wait_for_each_other(
    multi: Multi, tmp_path: Path, condition: str, code: int, outcome: str
) -> None:
    order = tmp_path / "order"
    depends = [{"containerName": "first", "condition": condition}]
    job = multi.run(
        shell("main", f"sleep 0.6; echo main >> {order}", dependsOn=depends),
        shell("first", f"sleep 0.3; echo first >> {order}; exit {code}", essential=False),
    )
    assert job["status"] == outcome
    said = ["first", "main"] if outcome == "SUCCEEDED" else ["first"]
    assert order.read_text().split() == said


def test_overrides_find_their_container_by_name(multi: Multi) -> None:
    override = [{"name": "main", "command": ["sh", "-c", "echo $A"], **environment(A="b")}]
    job = multi.run(
        shell("side", "echo side", essential=False),
        shell("main", "echo main"),
        ecsPropertiesOverride={"taskProperties": [{"containers": override}]},
    )
    shown = multi.shown(job)
    assert [multi.output(shown[name]) for name in ("side", "main")] == [["side"], ["b"]]


def test_an_override_for_no_container_fails_the_job(multi: Multi) -> None:
    override = [{"name": "nobody", "command": ["ls"]}]
    job = multi.run(
        shell("main", "true"),
        ecsPropertiesOverride={"taskProperties": [{"containers": override}]},
    )
    assert "nobody is not a container in the TaskDefinition" in job["statusReason"]


def test_a_container_that_failed_first_is_told_although_it_is_not_essential(multi: Multi) -> None:
    depends = [{"containerName": "init", "condition": "SUCCESS"}]
    ended = multi.run(
        shell("main", "echo main", dependsOn=depends),
        shell("init", "echo no such bucket; exit 7", essential=False),
    )
    job = Job.from_api(ended)
    lines = report(job).splitlines()
    assert lines[0].endswith("failed: a container with a dependent container did not succeed")
    assert "Container init (not essential): exit code 7, failed first" in lines
    source = telling_source(job)
    assert source is not None
    assert source.container == "init"
