"""A DescribeJobs entry becomes a Job, whatever AWS puts into it, and no secret with it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core._containers import Container
from airflow_fargate_batch.core.job import (
    DEFAULT_LOG_GROUP,
    FAILED_INDEXES,
    ArrayProgress,
    Attempt,
    Job,
    jobs_from_api,
)
from airflow_fargate_batch.core.status import JobStatus

ID = "0a1b2c3d-0000-4000-8000-00000000000f"
ARN = "arn:aws:batch:ap-northeast-1:123456789012"

RETRIED_AND_FAILED: dict[str, Any] = {
    "jobArn": f"{ARN}:job/{ID}",
    "jobName": "daily",
    "jobId": ID,
    "jobQueue": f"{ARN}:job-queue/q",
    "jobDefinition": f"{ARN}:job-definition/d:3",
    "status": "FAILED",
    "statusReason": "Essential container in task exited",
    "createdAt": 1_700_000_000_123,
    "startedAt": 1_700_000_060_000,
    "stoppedAt": 1_700_000_120_000,
    "attempts": [
        {
            "container": {
                "taskArn": "arn:aws:ecs:::task/1",
                "exitCode": 1,
                "logStreamName": "d/default/1",
            },
            "startedAt": 1_700_000_010_000,
            "stoppedAt": 1_700_000_020_000,
            "statusReason": "Essential container in task exited",
        },
        {
            "container": {
                "exitCode": 137,
                "reason": "OutOfMemoryError: Container killed due to memory usage",
                "logStreamName": "d/default/2",
            },
            "statusReason": "Essential container in task exited",
        },
    ],
    "container": {
        "image": "registry/image:1",
        "command": ["--password", "HUSH"],
        "environment": [{"name": "TOKEN", "value": "HUSH"}],
        "exitCode": 137,
        "reason": "OutOfMemoryError: Container killed due to memory usage",
        "logStreamName": "d/default/2",
        "resourceRequirements": [
            {"type": "VCPU", "value": "0.25"},
            {"type": "MEMORY", "value": "512"},
        ],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/team/jobs"}},
    },
    "parameters": {"password": "HUSH"},
    "tags": {"team": "data"},
    "dependsOn": [{"jobId": "1-2"}],
    "isCancelled": False,
    "isTerminated": True,
}

MULTI_CONTAINER: dict[str, Any] = {
    "jobId": ID,
    "status": "FAILED",
    "ecsProperties": {
        "taskProperties": [
            {
                "containers": [
                    {
                        "name": "sidecar",
                        "exitCode": 0,
                        "logStreamName": "d/sidecar/2",
                        "resourceRequirements": [
                            {"type": "VCPU", "value": "0.5"},
                            {"type": "MEMORY", "value": "1024"},
                        ],
                    },
                    {
                        "name": "main",
                        "exitCode": 3,
                        "reason": "boom",
                        "logStreamName": "d/main/2",
                        "resourceRequirements": [
                            {"type": "VCPU", "value": "1.5"},
                            {"type": "MEMORY", "value": "3072"},
                        ],
                    },
                ]
            }
        ]
    },
    "attempts": [
        {
            "taskProperties": [
                {
                    "containers": [
                        {"name": "sidecar", "exitCode": 0, "logStreamName": "d/sidecar/1"},
                        {"name": "main", "exitCode": 2, "logStreamName": "d/main/1"},
                    ]
                }
            ]
        }
    ],
}

ARRAY_PARENT: dict[str, Any] = {
    "jobId": ID,
    "status": "PENDING",
    "arrayProperties": {
        "size": 10,
        "statusSummary": {"RUNNING": 4, "SUCCEEDED": 5, "FAILED": 0, "PAUSED": 1},
        "statusSummaryLastUpdatedAt": 1_700_000_000_000,
    },
}

ENTRIES = [
    pytest.param(RETRIED_AND_FAILED, id="retried and failed"),
    pytest.param(MULTI_CONTAINER, id="several containers"),
    pytest.param(ARRAY_PARENT, id="array parent"),
    pytest.param({"jobId": f"{ID}:7", "arrayProperties": {"index": 7}}, id="array child"),
    pytest.param({"jobId": ID}, id="id alone"),
    pytest.param({"jobId": ID, "status": "HIBERNATING"}, id="unknown state"),
    pytest.param(
        {"jobId": ID, "container": {"logConfiguration": {"logDriver": "splunk"}}}, id="no awslogs"
    ),
]


def test_a_job_has_what_a_person_wants_to_know() -> None:
    job = Job.from_api(RETRIED_AND_FAILED)
    assert job.id == ID
    assert job.name == "daily"
    assert job.queue == f"{ARN}:job-queue/q"
    assert job.definition == f"{ARN}:job-definition/d:3"
    assert job.status is JobStatus.FAILED
    assert job.status_reason == "Essential container in task exited"
    assert job.exit_code == 137
    assert job.reason == "OutOfMemoryError: Container killed due to memory usage"
    assert job.created_at == datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC)
    assert job.vcpu == Decimal("0.25")
    assert job.memory == 512
    assert job.tags == {"team": "data"}
    assert job.is_terminated
    assert not job.is_cancelled
    assert job.array is None
    assert job.has_dependencies
    assert job.log_group == "/team/jobs"


def test_attempts_are_kept_in_order() -> None:
    attempts = Job.from_api(RETRIED_AND_FAILED).attempts
    assert [attempt.exit_code for attempt in attempts] == [1, 137]
    assert attempts[0] == Attempt(
        containers=(Container(exit_code=1, log_stream="d/default/1"),),
        status_reason="Essential container in task exited",
        task_arn="arn:aws:ecs:::task/1",
        started_at=datetime(2023, 11, 14, 22, 13, 30, tzinfo=UTC),
        stopped_at=datetime(2023, 11, 14, 22, 13, 40, tzinfo=UTC),
    )


def test_log_streams_are_those_of_all_attempts_and_the_current_one_each_once() -> None:
    assert Job.from_api(RETRIED_AND_FAILED).log_streams == ("d/default/1", "d/default/2")
    assert Job.from_api(MULTI_CONTAINER).log_streams == (
        "d/sidecar/1",
        "d/main/1",
        "d/sidecar/2",
        "d/main/2",
    )


def container(name: str, code: int | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "exitCode": code, **more}


SIDECAR = {"essential": False}
OOM = {"reason": "OutOfMemoryError: Container killed due to memory usage"}


@pytest.mark.parametrize(
    ("containers", "code", "reason"),
    [
        pytest.param([container("a", 143, **SIDECAR), container("b", 99)], 99, None, id="sidecar"),
        pytest.param([container("a", 0, **SIDECAR), container("b", 1)], 1, None, id="well"),
        pytest.param([container("a", 3, **SIDECAR), container("b", 0)], 0, None, id="main is well"),
        pytest.param(
            [container("a", 137, **SIDECAR, **OOM), container("b", 5)], 5, None, id="OOM of another"
        ),
        pytest.param([container("a", 143), container("b", 7)], 7, None, id="stopped after"),
        pytest.param([container("a", 137), container("b", 7)], 7, None, id="killed after"),
        pytest.param(
            [container("a", 143), container("b", 137, **OOM)], 137, OOM["reason"], id="OOM first"
        ),
        pytest.param([container("a", 6), container("b", 7)], 6, None, id="two failed"),
        pytest.param([container("a", 0), container("b", 143)], 143, None, id="one ended well"),
        pytest.param(
            [container("a", **SIDECAR, reason="CannotPullContainerError: x"), container("b")],
            None,
            "CannotPullContainerError: x",
            id="the sidecar keeps the task from starting",
        ),
        pytest.param(
            [container("a", 127, **SIDECAR, reason="odd"), container("b")],
            None,
            "odd",
            id="no code of a sidecar, ever",
        ),
        pytest.param(
            [container("a", 0, **SIDECAR), container("b", 4, **SIDECAR)],
            4,
            None,
            id="none is essential",
        ),
        pytest.param([container("a", 2, essential="no")], 2, None, id="nonsense is essential"),
        pytest.param([container("a"), container("b")], None, None, id="silence"),
    ],
)
def test_the_essential_container_that_failed_by_itself_decides(
    containers: list[dict[str, Any]], code: int | None, reason: str | None
) -> None:
    nameless = [
        {key: value for key, value in each.items() if key != "essential"} for each in containers
    ]
    entry = {
        "jobId": ID,
        "ecsProperties": {"taskProperties": [{"containers": containers}]},
        "attempts": [{"taskProperties": [{"containers": nameless}]}],
    }
    for job in (Job.from_api(entry), Job.from_api(Job.from_api(entry).to_api())):
        assert (job.exit_code, job.reason) == (code, reason)
        [attempt] = job.attempts  # which does not say which container is essential
        assert (attempt.exit_code, attempt.reason) == (code, reason)


def test_of_several_containers_the_failed_one_speaks_and_sizes_add_up() -> None:
    job = Job.from_api(MULTI_CONTAINER)
    assert (job.exit_code, job.reason) == (3, "boom")
    assert job.attempts[0].exit_code == 2
    assert (job.vcpu, job.memory) == (Decimal("2.0"), 4096)


def test_an_array_counts_its_children_by_state() -> None:
    assert Job.from_api(ARRAY_PARENT).array == ArrayProgress(
        size=10,
        counts={JobStatus.RUNNING: 4, JobStatus.SUCCEEDED: 5, JobStatus.UNKNOWN: 1},
    )


def test_a_state_that_aws_adds_is_unknown_and_its_text_is_kept() -> None:
    job = Job.from_api({"jobId": ID, "status": "HIBERNATING"})
    assert (job.status, job.status_text) == (JobStatus.UNKNOWN, "HIBERNATING")


@pytest.mark.parametrize(
    ("configuration", "group"),
    [
        pytest.param(None, DEFAULT_LOG_GROUP, id="none"),
        pytest.param({"logDriver": "awslogs", "options": {}}, DEFAULT_LOG_GROUP, id="no group"),
        pytest.param({"logDriver": "awslogs", "options": {"awslogs-group": "/g"}}, "/g", id="own"),
        pytest.param({"logDriver": "splunk", "options": {}}, None, id="elsewhere"),
    ],
)
def test_the_log_group_is_batchs_own_unless_configured(
    configuration: dict[str, Any] | None, group: str | None
) -> None:
    entry = {"jobId": ID, "container": {"image": "i", "logConfiguration": configuration}}
    assert Job.from_api(entry).log_group == group


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_job_travels_as_json_and_comes_back_equal_but_for_tags_of_others(
    entry: dict[str, Any],
) -> None:
    job = Job.from_api(entry)
    back = Job.from_api(json.loads(json.dumps(job.to_api())))
    assert back == replace(job, tags=back.tags)


def test_only_our_own_tags_travel() -> None:
    own = {"airflow-fargate-batch:submission": "token-0"}
    job = Job.from_api({"jobId": ID, "tags": {"owner": "correct-horse", **own}})
    assert job.tags == {"owner": "correct-horse", **own}
    assert job.to_api()["tags"] == own


def test_no_value_of_command_environment_or_parameters_is_kept() -> None:
    job = Job.from_api(RETRIED_AND_FAILED)
    assert "HUSH" not in repr(job) + json.dumps(job.to_api()) + json.dumps(job.to_summary())


CONTAINER = {
    "environment": [
        {"name": "DB_PASSWORD", "value": "correct-horse"},
        {"name": "DB", "value": json.dumps({"host": "db.internal", "password": "in-a-leaf"})},
        {"name": "SSH_KEY", "value": "line-one\nline-two\r\nline-three"},
        {"name": "BROKER", "value": "amqp://me:in-a-url@mq:5672"},
        {"name": "TOKENIZERS_PARALLELISM", "value": "false"},
    ],
    "command": ["run", "--password", "in-a-command", "--api-token=behind-a-flag"],
}
EVERYWHERE = {
    "correct-horse",
    "in-a-leaf",
    "line-one",
    "line-two",
    "line-three",
    "in-a-url",
    "in-a-command",
    "behind-a-flag",
}


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"container": CONTAINER}, id="container"),
        pytest.param(
            {"ecsProperties": {"taskProperties": [{"containers": [CONTAINER]}]}}, id="ecs"
        ),
    ],
)
def test_secrets_of_every_place_and_form_are_known(given: dict[str, Any]) -> None:
    parameters = {"api-token": "a-parameter", "day": "2026-02-03"}
    job = Job.from_api({"jobId": ID, "parameters": parameters, **given})
    assert {*EVERYWHERE, "a-parameter"} <= set(job.secrets)
    assert {"db.internal", "false", "2026-02-03", "run"}.isdisjoint(job.secrets)
    shown = repr(job) + json.dumps(job.to_api()) + json.dumps(job.to_summary())
    assert not [text for text in job.secrets if text in shown]


def test_reasons_that_quote_a_command_do_not_show_its_secrets() -> None:
    quoting = "exec: --api-token=behind-a-flag: not found"
    container = {**CONTAINER, "reason": quoting}
    attempt = {"container": {"reason": quoting}, "statusReason": quoting}
    entry = {"jobId": ID, "statusReason": quoting, "container": container, "attempts": [attempt]}
    job = Job.from_api(entry)
    said = [job.reason, job.status_reason, job.attempts[0].reason, job.attempts[0].status_reason]
    assert said == ["exec: --api-token=***: not found"] * 4
    child = Job.from_api({"jobId": f"{ID}:0", "statusReason": quoting})
    assert child.striking_out(job.secrets).status_reason == "exec: --api-token=***: not found"


def test_what_must_be_struck_out_of_its_log_is_known_and_shown_nowhere() -> None:
    variables = {"DB_PASSWORD": "correct-horse", "API_TOKEN": "abcd", "DAY": "2026-02-03"}
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    job = Job.from_api({"jobId": ID, "container": {"environment": environment}})
    assert job.secrets == ("correct-horse",)
    assert "correct-horse" not in repr(job) + json.dumps(job.to_api()) + json.dumps(
        job.to_summary()
    )


def test_equal_entries_are_equal_jobs_and_news_makes_them_differ() -> None:
    job = Job.from_api(ARRAY_PARENT)
    refreshed = {**ARRAY_PARENT["arrayProperties"], "statusSummaryLastUpdatedAt": 1}
    progressed = {**ARRAY_PARENT["arrayProperties"], "statusSummary": {"RUNNING": 5}}
    assert Job.from_api({**ARRAY_PARENT, "arrayProperties": refreshed}) == job
    assert Job.from_api({**ARRAY_PARENT, "arrayProperties": progressed}) != job


def test_the_summary_is_what_later_tasks_read() -> None:
    assert Job.from_api(RETRIED_AND_FAILED).to_summary() == {
        "job_id": ID,
        "job_name": "daily",
        "status": "FAILED",
        "status_reason": "Essential container in task exited",
        "exit_code": 137,
        "reason": "OutOfMemoryError: Container killed due to memory usage",
        "attempts": 2,
        "created_at": "2023-11-14T22:13:20.123000+00:00",
        "started_at": "2023-11-14T22:14:20+00:00",
        "stopped_at": "2023-11-14T22:15:20+00:00",
        "vcpu": 0.25,
        "memory": 512,
        "log_streams": ["d/default/1", "d/default/2"],
        "cost": None,
        "use": None,
    }


def test_the_summary_of_an_array_counts_states_and_lists_failed_indexes() -> None:
    failed = [
        Job.from_api({"jobId": f"{ID}:{index}", "arrayProperties": {"index": index}})
        for index in (7, 2)
    ]
    assert Job.from_api(ARRAY_PARENT).to_summary(failed_children=failed)["array"] == {
        "size": 10,
        "counts": {"RUNNING": 4, "SUCCEEDED": 5, "UNKNOWN": 1},
        "failed_indexes": [2, 7],
    }


RERUN: dict[str, Any] = {
    "jobId": ID,
    "status": "FAILED",
    "arrayProperties": {"size": 3},
    "container": {"environment": [{"name": "FARGATE_BATCH_INDEXES", "value": "3,5,8"}]},
}


def test_a_rerun_tells_the_indexes_of_the_first_array() -> None:
    children = [
        Job.from_api({"jobId": f"{ID}:{index}", "arrayProperties": {"index": index}})
        for index in (2, 0)
    ]
    for rerun in (Job.from_api(RERUN), Job.from_api(Job.from_api(RERUN).to_api())):
        assert rerun.to_summary(failed_children=children)["array"]["failed_indexes"] == [3, 8]


@pytest.mark.parametrize("text", ["", "3,five", "-1", "٣", "9" * 5000, "1,," + "2", None, 3])
def test_indexes_that_are_none_count_as_absent(text: object) -> None:
    variable = {"name": "FARGATE_BATCH_INDEXES", "value": text}
    assert Job.from_api({"jobId": ID, "container": {"environment": [variable]}}).indexes == ()


def test_the_list_of_failed_indexes_is_bounded() -> None:
    failed = (
        Job.from_api({"jobId": f"{ID}:{index}", "arrayProperties": {"index": index}})
        for index in range(FAILED_INDEXES + 1)
    )
    summary = Job.from_api(ARRAY_PARENT).to_summary(failed_children=failed)
    assert summary["array"]["failed_indexes"] == list(range(FAILED_INDEXES))


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(None, id="null"),
        pytest.param("text", id="text"),
        pytest.param({}, id="empty"),
        pytest.param({"jobId": ""}, id="empty id"),
        pytest.param({"jobId": 7, "status": "RUNNING"}, id="id is a number"),
    ],
)
def test_an_entry_without_a_usable_id_is_refused(entry: object) -> None:
    with pytest.raises(ValueError, match="jobId"):
        Job.from_api(entry)


def test_a_bad_entry_does_not_hurt_the_others() -> None:
    answer = {"jobs": [{"jobId": "a"}, {"status": "RUNNING"}, None, {"jobId": "b"}]}
    assert [job.id for job in jobs_from_api(answer)] == ["a", "b"]


@pytest.mark.parametrize(
    "answer", [None, [], "text", {}, {"jobs": None}, {"jobs": {"jobId": "a"}}], ids=repr
)
def test_an_answer_without_a_list_of_jobs_is_malformed(answer: object) -> None:
    with pytest.raises(ValueError, match="list of jobs"):
        jobs_from_api(answer)


NONSENSE: list[Any] = [
    *(None, True, -1, 10**30, 10**5000, 0.5, float("nan"), "", "text", "\ud800"),
    *("NaN", "1e999999999", "-1e99999999", "9" * 5000, 253402300799999),
    *([], [None], [[]], ["text"], [{}], {}, {"text": None}, {"text": {}}),
]


def spoilt(value: Any) -> Iterator[Any]:
    """Yield the value with each of its members, however deep, replaced by each nonsense."""
    yield from NONSENSE
    if isinstance(value, dict):
        for key, member in value.items():
            yield from ({**value, key: other} for other in spoilt(member))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in spoilt(item))


@pytest.mark.parametrize(
    ("members", "attribute"),
    [
        pytest.param({"container": {"exitCode": True}}, "exit_code", id="exit code"),
        pytest.param({"createdAt": "soon"}, "created_at", id="time"),
        pytest.param({"createdAt": 10**30}, "created_at", id="time beyond all times"),
        pytest.param({"createdAt": 253402300799999}, "created_at", id="the end of days"),
        pytest.param({"createdAt": -1}, "created_at", id="time before time"),
        pytest.param({"arrayProperties": {"index": -1}}, "array", id="index"),
        pytest.param({"container": {"exitCode": 2**63}}, "exit_code", id="more than a long"),
        pytest.param({"statusReason": ["?"]}, "status_reason", id="text"),
        pytest.param({"arrayProperties": {"size": "10"}}, "array", id="size"),
        pytest.param(
            {"container": {"resourceRequirements": [{"type": "VCPU", "value": "all"}]}},
            "vcpu",
            id="number",
        ),
    ],
)
def test_nonsense_counts_as_absent(members: dict[str, Any], attribute: str) -> None:
    assert getattr(Job.from_api({**members, "jobId": ID}), attribute) is None


def test_what_cannot_be_encoded_is_replaced() -> None:
    assert Job.from_api({"jobId": ID, "statusReason": "a\ud800é"}).status_reason == "a?é"


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_member_of_nonsense_makes_no_trouble(entry: dict[str, Any]) -> None:
    for nonsense in spoilt(entry):
        members = nonsense if isinstance(nonsense, dict) else {}
        job = Job.from_api({**members, "jobId": ID})
        back = Job.from_api(json.loads(json.dumps(job.to_api())))
        assert back == replace(job, tags=back.tags)
        json.dumps(job.to_summary(), allow_nan=False)
