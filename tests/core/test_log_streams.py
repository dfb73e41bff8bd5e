"""The log that a person sees first is that of the container that decided how the job ended."""

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_streams import (
    LogEvent,
    LogLine,
    LogPage,
    LogRequest,
    chosen_child,
    log_page,
    nothing_to_read,
    sources,
    telling_source,
)

SIDECAR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "describe_jobs_sidecar.json").read_text("utf-8")
)


def of_containers(*containers: dict[str, Any], **more: Any) -> Job:
    tasks = {"taskProperties": [{"containers": list(containers)}]}
    arn = "arn:aws:batch:eu-west-1:111122223333:job/j"
    return Job.from_api({"jobId": "j", "jobArn": arn, "ecsProperties": tasks, **more})


HELPER = {"name": "helper", "essential": False, "logStreamName": "helper/1"}
MAIN = {"name": "main", "logStreamName": "main/1"}


@pytest.mark.parametrize(
    ("job", "stream"),
    [
        pytest.param(Job.from_api(SIDECAR), "main/1", id="a sidecar stands first"),
        pytest.param(of_containers(MAIN, HELPER), "main/1", id="while it runs"),
        pytest.param(of_containers(MAIN | {"exitCode": 0}, HELPER), "main/1", id="a sidecar last"),
        pytest.param(
            of_containers(MAIN | {"exitCode": 143}, HELPER | {"essential": True, "exitCode": 2}),
            "helper/1",
            id="the one that failed by itself",
        ),
        pytest.param(of_containers({"name": "main"}, HELPER), "helper/1", id="main has no stream"),
        pytest.param(of_containers({"name": "main"}), None, id="none has"),
        pytest.param(Job.from_api({"jobId": "j"}), None, id="no container"),
    ],
)
def test_the_telling_stream_is_that_of_the_container_that_decides(
    job: Job, stream: str | None
) -> None:
    source = telling_source(job)
    assert (source and source.stream) == stream


def test_the_last_attempts_stream_tells_also_where_attempts_do_not_say_what_is_essential() -> None:
    attempts = [
        {"taskProperties": [{"containers": [
            {"name": "helper", "exitCode": 143, "logStreamName": f"helper/{number}"},
            {"name": "main", "exitCode": 1, "logStreamName": f"main/{number}"},
        ]}]}
        for number in (1, 2)
    ]  # fmt: skip
    job = of_containers({"name": "helper", "essential": False}, {"name": "main"}, attempts=attempts)
    source = telling_source(job)
    assert source is not None
    assert source.stream == "main/2"
    assert [each.stream for each in sources(job) if each.telling] == ["main/1", "main/2"]
    page = log_page(job)
    assert page is not None
    assert page.endswith("main$252F2")


def rerun(indexes: str, size: int = 3) -> Job:
    variable = {"name": "FARGATE_BATCH_INDEXES", "value": indexes}
    return Job.from_api(
        {
            "jobId": "j",
            "arrayProperties": {"size": size},
            "container": {"environment": [variable]},
        }
    )


@pytest.mark.parametrize(
    ("indexes", "index", "child"),
    [
        ("3,5,8", 5, "j:1"),
        ("3,5,8", 1, None),
        ("3,5", 1, "j:1"),  # not ours: it has another number of children
        ("9" * 5000, 2, "j:2"),
    ],
    ids=["a rerun", "not run again", "another length", "no number"],
)
def test_a_child_is_chosen_by_indexes_that_fit_the_array(
    indexes: str, index: int, child: str | None
) -> None:
    assert chosen_child(rerun(indexes), index) == child
    assert (nothing_to_read(rerun(indexes), index) is None) == (child is not None)


def test_an_odd_event_does_not_hurt_the_other_lines_of_its_page() -> None:
    good: dict[str, Any] = {"timestamp": 1_700_000_000_000, "message": "good"}
    odd: list[object] = [
        *(None, "text", {}, {"timestamp": "now", "message": "m"}, good | {"message": None}),
        *(good | {"timestamp": 10**30}, good | {"timestamp": -1}, good | {"message": ["m"]}),
    ]
    answer = {"events": [*odd, good, good | {"message": ""}], "nextForwardToken": "f"}
    page = LogPage.from_api(answer, from_head=True)
    events = page.events
    assert page == ([LogEvent(good["timestamp"], "good"), LogEvent(good["timestamp"], "")], "f")
    assert next(LogLine.of(event).stamped for event in events).endswith("good")


@pytest.mark.parametrize("answer", [None, {}, {"events": []}, {"nextForwardToken": 7}], ids=repr)
def test_a_page_without_a_token_is_malformed(answer: object) -> None:
    with pytest.raises(ValueError, match="token"):
        LogPage.from_api(answer, from_head=True)


def test_a_request_names_only_the_members_that_are_given() -> None:
    assert LogRequest(group="g", stream="s").to_api() == {
        "logGroupName": "g",
        "logStreamName": "s",
        "startFromHead": True,
    }
    last = LogRequest(group="g", stream="s", start_time=0, from_head=False, limit=20)
    assert last.to_api()["startTime"] == 0
    assert (last.to_api()["startFromHead"], last.to_api()["limit"]) == (False, 20)
