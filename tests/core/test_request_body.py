"""A SubmitJob body read back: the same body comes out, and every rule holds."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_fargate_batch.core.naming import SUBMISSION_TAG, TAG_PREFIX, Submission
from airflow_fargate_batch.core.request import JobRequest, JsonFile
from airflow_fargate_batch.core.submit_members import SUBMIT_JOB
from airflow_fargate_batch.exceptions import EmptyArray, InvalidRequest
from tests.core.making import make
from tests.core.test_request_properties import (
    check_body,
    junk,
    mostly_legal,
    refusal_of,
    submissions,
)

LEAST: dict[str, Any] = {"jobName": "n", "jobQueue": "q", "jobDefinition": "d"}
ECS = {"taskProperties": [{"containers": [{"name": "app", "command": ["run"]}]}]}
WHOLE: dict[str, Any] = LEAST | {
    "shareIdentifier": "A1",
    "schedulingPriorityOverride": 0,
    "arrayProperties": {"size": 3},
    "dependsOn": [{"jobId": "a", "type": "N_TO_N"}, {"type": "SEQUENTIAL"}],
    "parameters": {"p": "1", "q": "2"},
    "containerOverrides": {
        "command": ["run"],
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "resourceRequirements": [
            {"type": "VCPU", "value": "1"},
            {"type": "MEMORY", "value": "2048"},
        ],
    },
    "retryStrategy": {
        "attempts": 3,
        "evaluateOnExit": [{"onReason": "*", "action": "EXIT"}],
    },
    "propagateTags": False,
    "timeout": {"attemptDurationSeconds": 600},
    "tags": {"team": "data", "cost": "7"},
    "consumableResourcePropertiesOverride": {
        "consumableResourceList": [{"consumableResource": "licence", "quantity": 1}]
    },
}


def read(body: object = WHOLE, **arguments: Any) -> dict[str, Any]:
    return dict(JobRequest.from_submit_job(body, **arguments).to_submit_job())


def refused(body: object, **arguments: Any) -> list[str]:
    with pytest.raises(InvalidRequest) as caught:
        JobRequest.from_submit_job(body, **arguments)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "form",
    [
        dict,
        json.dumps,
        lambda body: JsonFile("job.json", json.dumps(body, indent=2)),
        lambda body: body | {"nodeOverrides": None, "eksPropertiesOverride": None},
    ],
    ids=["mapping", "JSON text", "file", "null members"],
)
@pytest.mark.parametrize("body", [LEAST, WHOLE, LEAST | {"ecsPropertiesOverride": ECS}])
def test_the_same_body_comes_out(body: dict[str, Any], form: Any) -> None:
    assert read(form(body)) == body


@pytest.mark.parametrize("container", [None, "main"], ids=["container", "ecs"])
def test_the_list_of_a_body_is_read_back_for_both_kinds_of_job_definitions(
    container: str | None,
) -> None:
    body = dict(make(container=container, items=["a", "b"]).to_submit_job())
    assert read(body) == body


def test_every_body_that_a_request_writes_is_read_as_the_same() -> None:
    seen = 0

    @settings(max_examples=200, deadline=None)
    @given(mostly_legal, submissions)
    def hold(arguments: dict[str, Any], submission: Submission | None) -> None:
        nonlocal seen
        request, _ = refusal_of(arguments, submission=submission)
        if request is not None:
            seen += 1
            body = dict(request.to_submit_job())
            assert read(body) == body
            assert list(read(json.dumps(body))) == list(body)

    hold()
    assert seen > 10


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(SUBMIT_JOB) | st.text(max_size=5), junk, max_size=5) | junk,
    st.booleans(),
)
def test_no_body_makes_another_exception(body: object, dry_run: bool) -> None:
    whole = LEAST | body if isinstance(body, dict) else body
    with suppress(InvalidRequest):
        check_body(read(whole, dry_run=dry_run))


def test_a_placeholder_of_a_dry_run_is_for_a_dry_run() -> None:
    body = LEAST | {"dependsOn": [{"jobId": "dry-run:x"}]}
    assert read(body, dry_run=True) == body
    [said] = refused(body)
    assert said.startswith("dependsOn[0].jobId: 'dry-run:x' comes from a dry run")


# --- Arguments win, key by key -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        ({"job_name": "m", "job_queue": "p"}, {"jobName": "m", "jobQueue": "p"}),
        ({"array_size": 2}, {"arrayProperties": {"size": 2}}),
        ({"job_timeout": 60}, {"timeout": {"attemptDurationSeconds": 60}}),
        ({"parameters": {"q": "3"}}, {"parameters": {"p": "1", "q": "3"}}),
        ({"parameters_file": JsonFile("p", '{"q": 3}')}, {"parameters": {"p": "1", "q": "3"}}),
        ({"tags": '{"cost": "8"}'}, {"tags": {"team": "data", "cost": "8"}}),
        ({"retry_strategy": "5"}, {"retryStrategy": WHOLE["retryStrategy"] | {"attempts": 5}}),
        ({"retry_strategy": {"attempts": 2}}, {"retryStrategy": {"attempts": 2}}),
        (
            {"vcpu": 2, "memory": 4096, "environment": {"B": "3"}},
            {
                "containerOverrides": {
                    "command": ["run"],
                    "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}],
                    "resourceRequirements": [
                        {"type": "VCPU", "value": "2"},
                        {"type": "MEMORY", "value": "4096"},
                    ],
                }
            },
        ),
        (
            {"container_overrides_file": JsonFile("o", '{"command": ["else"]}')},
            {"containerOverrides": WHOLE["containerOverrides"] | {"command": ["else"]}},
        ),
        (
            {"extra_submit_args": {"ecsPropertiesOverride": ECS}},
            {"ecsPropertiesOverride": ECS},
        ),
        ({"depends_on": "b"}, {"dependsOn": [{"jobId": "b"}]}),
        ({"scheduling_priority": None}, {}),
    ],
    ids=str,
)
def test_an_argument_wins_and_nothing_else_is_lost(
    arguments: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert read(WHOLE, **arguments) == WHOLE | changed


def test_spot_retries_replace_the_bodys_strategy() -> None:
    assert (
        read(WHOLE, spot_retries=1)["retryStrategy"]
        == (make(spot_retries=1).to_submit_job()["retryStrategy"])
    )


def test_a_number_of_attempts_keeps_the_bodys_rules_if_there_are_any() -> None:
    rules = WHOLE["retryStrategy"]
    assert read(WHOLE, retry_strategy=2)["retryStrategy"] == rules | {"attempts": 2}
    assert read(LEAST, retry_strategy=2)["retryStrategy"] == {"attempts": 2}


def test_a_body_without_a_name_gets_the_default_one() -> None:
    body = {member: value for member, value in LEAST.items() if member != "jobName"}
    assert read(body, job_name_prefix="nightly")["jobName"] == "nightly"


def test_the_tags_of_an_earlier_submission_are_left_out_for_another() -> None:
    earlier = Submission(token="0" * 16, task_id="earlier")
    later = Submission(token="1" * 16)
    body = LEAST | {"tags": {"team": "data", **earlier.tags(room=50)}}
    request = JobRequest.from_submit_job(body, submission=later)
    assert request.to_submit_job()["tags"] == {"team": "data", SUBMISSION_TAG: later.mark}
    assert TAG_PREFIX in request.notes[0]


def test_tags_of_the_users_own_are_kept_for_a_submission() -> None:
    request = JobRequest.from_submit_job(WHOLE, submission=Submission(token="1" * 16))
    assert dict(request.tags) == WHOLE["tags"]
    assert request.notes == ()


# --- Every rule holds ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"jobName": "my job"}, "jobName: 'my job' is not a valid job name"),
        ({"jobQueue": None}, "jobQueue: is missing: set the name or ARN of a job queue"),
        ({"timeout": {"attemptDurationSeconds": 5}}, "timeout.attemptDurationSeconds: 5 s is less"),
        ({"timeout": {"seconds": 5}}, "timeout.seconds: is not a member of the API: use attempt"),
        ({"arrayProperties": {"size": 10_001}}, "arrayProperties.size: 10001 is outside 2 to"),
        ({"dependsOn": [{"jobId": None}]}, "dependsOn[0].jobId: is None"),
        (
            {"containerOverrides": {"command": ["a", ""]}},
            "containerOverrides.command[1]: is empty, and AWS Batch refuses empty strings",
        ),
        (
            {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "3"}]}},
            "containerOverrides.resourceRequirements: 3 vCPU is not part of any Fargate size",
        ),
        ({"containerOverrides": {"vcpus": 1}}, "containerOverrides.vcpus: vcpus is not applicable"),
        (
            {"nodeOverrides": {"numNodes": 2}},
            "nodeOverrides: is not applicable for Fargate: multi-node",
        ),
        ({"quotaShareName": "x"}, "quotaShareName: belongs to SubmitServiceJob"),
        (
            {"schedulingPriority": 1},
            "schedulingPriority: is not a member of SubmitJob: use schedulingPriorityOverride",
        ),
        ({"job_queue": "q"}, "job_queue: is not a member of SubmitJob: use jobQueue"),
        (
            {"tags": {"aws:x": "1"}},
            "tags: 'aws:x': keys that start with 'aws:' are reserved for AWS",
        ),
        ({"retryStrategy": {"attempts": 11}}, "retryStrategy.attempts: 11 is outside 1 to 10"),
        (
            {"ecsPropertiesOverride": {"taskProperties": [{"containers": [{"gpu": 1}]}]}},
            "ecsPropertiesOverride.taskProperties[0].containers[0].gpu: is not a member",
        ),
        ({"parameters": {"p": None}}, "parameters.p: is None"),
        ({"parameters": {"p": "x" * 40_000}}, "parameters: the whole request has"),
        ({"containerOverrides": {"command": ["x" * 9000]}}, "containerOverrides: command and env"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_problem_is_named_by_the_member(change: dict[str, Any], said: str) -> None:
    found = refused(LEAST | change)
    assert found[0].startswith(said)
    assert len(found) == 1


def test_a_problem_of_an_argument_is_named_by_the_argument() -> None:
    assert refused(WHOLE, job_timeout=5)[0].startswith("job_timeout: 5 s")


def test_all_problems_are_told_at_once() -> None:
    assert len(refused({"jobName": "my job", "quotaShareName": "x"}, vcpu=3)) == 5


def test_an_empty_array_is_nothing_to_submit() -> None:
    with pytest.raises(EmptyArray):
        JobRequest.from_submit_job(LEAST | {"arrayProperties": {"size": 0}})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "body: line 1, column 2: not valid JSON: "),
        ("[]", "body: must be a mapping, not a list"),
        (None, "body: must be a mapping, not None"),
        (
            JsonFile("job.json", '{"a": NaN}'),
            "body: job.json, line 1, column 7: not valid JSON: JSON has",
        ),
        (JsonFile("job.json", error="cannot be read"), "body: job.json: cannot be read"),
    ],
    ids=str,
)
def test_what_is_no_body_is_the_only_problem(body: object, said: str) -> None:
    [only] = refused(body)
    assert only.startswith(said)


def test_an_argument_that_there_is_not_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match=r"unknown argument vcpus; did you mean vcpu\?"):
        JobRequest.from_submit_job(LEAST, vcpus=1)
    with pytest.raises(TypeError, match=r"unknown argument env; did you mean environment\?"):
        JobRequest.from_arguments(env={})
    with pytest.raises(
        TypeError, match=r"array_properties \(an argument of BatchOperator\): use `array_size`"
    ):
        JobRequest.from_arguments(array_properties={})
