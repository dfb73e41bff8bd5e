"""Commands that really run; these tests wait for real processes."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch, Pace
from airflow_fargate_batch.local.account import LOG_GROUP, READY_DEFINITION, READY_QUEUE
from tests.patience import until

AT_ONCE = Pace(submitted=0, runnable=0, starting=0, stopping=0)
Run = Callable[..., str]


@pytest.fixture
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(run_commands=True, pace=AT_ONCE) as aws:
        yield aws


@pytest.fixture
def run(batch: Any) -> Run:
    def run(*command: str, **more: Any) -> str:
        overrides = {"command": list(command), **more.pop("overrides", {})}
        target = {"jobName": "job", "jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION}
        job_id: str = batch.submit_job(**target, containerOverrides=overrides, **more)["jobId"]
        return job_id

    return run


def wait(batch: Any, job_id: str, *states: str) -> dict[str, Any]:
    def describe() -> dict[str, Any]:
        return dict(batch.describe_jobs(jobs=[job_id])["jobs"][0])

    until(lambda: describe()["status"] in (states or ("SUCCEEDED", "FAILED")))
    return describe()


def output(aws: LocalBatch, job: dict[str, Any]) -> list[str]:
    answer = aws.client("logs").get_log_events(
        logGroupName=LOG_GROUP,
        logStreamName=job["container"]["logStreamName"],
        startFromHead=True,
    )
    return [event["message"] for event in answer["events"]]


def test_the_exit_code_decides_and_output_goes_to_the_log_stream(
    aws: LocalBatch, batch: Any, run: Run
) -> None:
    good = wait(batch, run("sh", "-c", "echo out; echo; echo err >&2; printf last"))
    assert (good["status"], good["container"]["exitCode"]) == ("SUCCEEDED", 0)
    assert output(aws, good) == ["out", " ", "err", "last"]
    bad = wait(batch, run("sh", "-c", "exit 3"))
    assert (bad["status"], bad["container"]["exitCode"]) == ("FAILED", 3)


def test_parameters_fill_the_command(aws: LocalBatch, batch: Any, run: Run) -> None:
    job = wait(batch, run("echo", "day=Ref::day", parameters={"day": "2026-01-01"}))
    assert output(aws, job) == ["day=2026-01-01"]


def test_the_environment_is_the_jobs_own(
    aws: LocalBatch, batch: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the person who runs this")
    given = [{"name": "A", "value": "1"}, {"name": "AWS_BATCH_MINE", "value": "dropped"}]
    job = wait(batch, run("env", overrides={"environment": given}))
    seen = dict(line.split("=", 1) for line in output(aws, job))
    assert seen == {
        "A": "1",
        "AWS_BATCH_JOB_ID": job["jobId"],
        "AWS_BATCH_JOB_ATTEMPT": "1",
        "AWS_BATCH_JQ_NAME": READY_QUEUE,
        "AWS_BATCH_CE_NAME": f"{READY_QUEUE}-environment",
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "ECS_CONTAINER_METADATA_URI_V4": seen["ECS_CONTAINER_METADATA_URI_V4"],
        "HOME": seen["HOME"],
        "LANG": "C.UTF-8",
        "PATH": seen["PATH"],
    }


def test_each_array_child_knows_its_index(aws: LocalBatch, batch: Any, run: Run) -> None:
    command = ("sh", "-c", "echo $AWS_BATCH_JOB_ARRAY_INDEX; test $AWS_BATCH_JOB_ARRAY_INDEX != 2")
    parent = wait(batch, run(*command, arrayProperties={"size": 4}))
    assert parent["arrayProperties"]["statusSummary"]["FAILED"] == 1
    children = [wait(batch, f"{parent['jobId']}:{index}") for index in range(4)]
    assert [output(aws, child) for child in children] == [["0"], ["1"], ["2"], ["3"]]


def test_each_attempt_has_its_own_stream(aws: LocalBatch, batch: Any, run: Run) -> None:
    command = ("sh", "-c", "echo $AWS_BATCH_JOB_ATTEMPT; test $AWS_BATCH_JOB_ATTEMPT = 2")
    job = wait(batch, run(*command, retryStrategy={"attempts": 3}))
    assert job["status"] == "SUCCEEDED"
    assert [output(aws, attempt) for attempt in job["attempts"]] == [["1"], ["2"]]


def test_terminating_kills_the_command_and_what_it_started(
    batch: Any, run: Run, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    job_id = run("sh", "-c", f"sleep 100 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait")
    until(pids.exists)
    batch.terminate_job(jobId=job_id, reason="enough")
    job = wait(batch, job_id)
    assert (job["status"], job["statusReason"], job["isTerminated"]) == ("FAILED", "enough", True)
    for pid in map(int, pids.read_text().split()):
        assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


LEAVES_NOISE = """
(echo noise; touch begun; while :; do echo noise; done) &
until [ -e begun ]; do sleep 0.02; done
exit 4
"""


def test_what_a_command_leaves_behind_ends_with_it(aws: LocalBatch, batch: Any, run: Run) -> None:
    job = wait(batch, run("sh", "-c", LEAVES_NOISE))
    assert job["container"]["exitCode"] == 4
    assert "noise" in output(aws, job)


def test_a_command_that_closes_its_output_may_work_on(batch: Any, run: Run) -> None:
    job = wait(batch, run("sh", "-c", "exec >&- 2>&-; sleep 0.5; exit 5"))
    assert job["container"]["exitCode"] == 5


def test_a_timeout_kills_the_command(aws: LocalBatch, run: Run) -> None:
    job_id = run("sh", "-c", "sleep 100", timeout={"attemptDurationSeconds": 60})
    wait(aws.client("batch"), job_id, "RUNNING")
    aws.advance(60)
    job = wait(aws.client("batch"), job_id)
    assert job["statusReason"] == "Job attempt duration exceeded timeout"
    assert len(job["attempts"]) == 1


def test_a_command_that_is_not_there_cannot_start(batch: Any, run: Run) -> None:
    job = wait(batch, run("/no/such/command"))
    assert job["status"] == "FAILED"
    assert job["container"]["reason"].startswith("CannotStartContainerError")


def test_leaving_kills_what_still_runs(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with LocalBatch(run_commands=True, pace=AT_ONCE) as aws:
        command = ["sh", "-c", f"echo $$ > {pid_file}.new; mv {pid_file}.new {pid_file}; sleep 100"]
        aws.client("batch").submit_job(
            jobName="job",
            jobQueue=READY_QUEUE,
            jobDefinition=READY_DEFINITION,
            containerOverrides={"command": command},
        )
        until(pid_file.exists)
    assert not _runs(int(pid_file.read_text()))


def test_a_command_told_to_stop_while_it_waits_for_room_never_runs(tmp_path: Path) -> None:
    target = {"jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION}
    touched = tmp_path / "touched"
    pace = Pace(submitted=0, runnable=0, starting=0, stopping=60)
    with LocalBatch(run_commands=True, pace=pace, commands_at_once=1) as aws:
        batch = aws.client("batch")

        def run(*command: str) -> str:
            job: dict[str, str] = batch.submit_job(
                jobName="job", containerOverrides={"command": list(command)}, **target
            )
            return job["jobId"]

        first = run("sleep", "100")
        wait(batch, first, "RUNNING")
        second = run("touch", str(touched))
        wait(batch, second, "STARTING")
        batch.terminate_job(jobId=second, reason="enough")
        batch.terminate_job(jobId=first, reason="enough")
        wait(batch, first)
        wait(batch, run("true"))  # the slot is free, and whoever waited before has had it
        aws.advance(60)
        assert wait(batch, second)["statusReason"] == "enough"
    assert not touched.exists()


def test_only_so_many_run_at_once(tmp_path: Path) -> None:
    may_end = tmp_path / "may_end"
    with LocalBatch(run_commands=True, pace=AT_ONCE, commands_at_once=2) as aws:
        batch = aws.client("batch")
        job = batch.submit_job(
            jobName="job",
            jobQueue=READY_QUEUE,
            jobDefinition=READY_DEFINITION,
            containerOverrides={
                "command": ["sh", "-c", f"until [ -e {may_end} ]; do sleep 0.02; done"]
            },
            arrayProperties={"size": 4},
        )
        running = []

        def look() -> str:
            [parent] = batch.describe_jobs(jobs=[job["jobId"]])["jobs"]
            running.append(parent["arrayProperties"]["statusSummary"]["RUNNING"])
            return str(parent["status"])

        until(lambda: look() and running[-1] == 2)
        may_end.touch()
        until(lambda: look() == "SUCCEEDED")
    assert max(running) == 2


def test_a_signal_is_told_as_ecs_tells_it(batch: Any, run: Run) -> None:
    job = wait(batch, run("sh", "-c", "kill -9 $$"))
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 137)


def test_array_children_and_attempts_share_no_files(
    aws: LocalBatch, batch: Any, run: Run, tmp_path: Path
) -> None:
    write = "echo $AWS_BATCH_JOB_ARRAY_INDEX > part.txt; sleep 0.3; ls; cat part.txt ~/part.txt"
    parent = wait(batch, run("sh", "-c", write, arrayProperties={"size": 6}))
    children = [wait(batch, f"{parent['jobId']}:{index}") for index in range(6)]
    assert [output(aws, child) for child in children] == [
        ["part.txt", str(index), str(index)] for index in range(6)
    ]
    once = f"pwd >> {tmp_path}/places; test -e seen && exit 0; touch seen; chmod 500 .; exit 1"
    job = wait(batch, run("sh", "-c", once, retryStrategy={"attempts": 3}))
    assert (job["status"], len(job["attempts"])) == ("FAILED", 3)
    places = (tmp_path / "places").read_text().split()
    assert len(set(places)) == 3
    assert [place for place in places if Path(place).exists()] == []


def test_what_left_its_session_dies_with_its_job(batch: Any, run: Run, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    daemon = (
        f"setsid sh -c 'echo $$ > {pid_file}; sleep 100' & while ! test -s {pid_file}; do :; done"
    )
    job = wait(batch, run("sh", "-c", daemon))
    assert job["status"] == "SUCCEEDED"
    assert not _runs(int(pid_file.read_text()))


def test_the_definition_says_where_lines_go(aws: LocalBatch, batch: Any) -> None:
    options = {"awslogs-group": "/my/group", "awslogs-stream-prefix": "mine"}
    register(
        batch, containerProperties=CONTAINER | {"command": ["echo", "hello"], **logging(options)}
    )
    job = batch.submit_job(jobName="x", jobQueue=READY_QUEUE, jobDefinition="mine")
    stream = wait(batch, job["jobId"])["container"]["logStreamName"]
    assert stream.startswith("mine/default/")
    events = aws.client("logs").get_log_events(logGroupName="/my/group", logStreamName=stream)
    assert [event["message"] for event in events["events"]] == ["hello"]


def test_a_log_that_goes_elsewhere_has_no_stream(batch: Any) -> None:
    elsewhere = {"logConfiguration": {"logDriver": "splunk", "options": {"splunk-url": "x"}}}
    register(batch, containerProperties=CONTAINER | {"command": ["echo", "hello"], **elsewhere})
    job = batch.submit_job(jobName="x", jobQueue=READY_QUEUE, jobDefinition="mine")
    assert "logStreamName" not in wait(batch, job["jobId"])["container"]


def test_the_metadata_endpoint_tells_a_container_where_its_lines_go(
    aws: LocalBatch, batch: Any, run: Run
) -> None:
    ask = "import os,urllib.request as r;print(r.urlopen(os.environ['%s']).read().decode())"
    job = wait(batch, run("python", "-c", ask % "ECS_CONTAINER_METADATA_URI_V4"))
    told = json.loads(output(aws, job)[0])
    assert told["Labels"]["com.amazonaws.ecs.task-arn"] == job["container"]["taskArn"]
    assert told["LogOptions"]["awslogs-stream"] == job["container"]["logStreamName"]


ROLE = "arn:aws:iam::123456789012:role/x"
CONTAINER_SIZE: dict[str, Any] = {
    "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
}
CONTAINER: dict[str, Any] = {"image": "x", "executionRoleArn": ROLE, **CONTAINER_SIZE}


def environment(**variables: str) -> dict[str, Any]:
    return {"environment": [{"name": name, "value": variables[name]} for name in variables]}


def logging(options: dict[str, str]) -> dict[str, Any]:
    return {"logConfiguration": {"logDriver": "awslogs", "options": options}}


def register(batch: Any, **properties: Any) -> None:
    batch.register_job_definition(
        jobDefinitionName="mine",
        type="container",
        platformCapabilities=["FARGATE"],
        **properties,
    )
