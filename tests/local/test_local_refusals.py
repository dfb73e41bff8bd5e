"""What AWS refuses, as told by its documents and by errors people have quoted."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_fargate_batch.core.fargate import SIZES, Size
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.local.submission import TOO_LONG, TOO_MANY_TAGS

Submit = Callable[..., str]
Describe = Callable[[str], dict[str, Any]]


def overriding(**overrides: Any) -> dict[str, Any]:
    return {"containerOverrides": overrides}


def asking(**values: str) -> dict[str, Any]:
    listed = [{"type": kind, "value": value} for kind, value in values.items()]
    return overriding(resourceRequirements=listed)


def retrying(*entries: dict[str, str], attempts: int = 2) -> dict[str, Any]:
    return {"retryStrategy": {"attempts": attempts, "evaluateOnExit": list(entries)}}


EXIT = {"onReason": "*", "action": "EXIT"}
ARRAY = {"arrayProperties": {"size": 2}}

REFUSED = {
    "name of 129 characters": ({"jobName": "x" * 129}, "Job name should match valid pattern"),
    "name that begins with a hyphen": ({"jobName": "-x"}, "Job name should match valid pattern"),
    "unknown queue": ({"jobQueue": "nobody"}, "JobQueue nobody not found."),
    "unknown definition": (
        {"jobDefinition": "nobody"},
        "JobDefinition name nobody does not exist or is not in ACTIVE status",
    ),
    "revision latest": (
        {"jobDefinition": f"{READY_DEFINITION}:latest"},
        f"JobDefinition name {READY_DEFINITION}:latest does not exist or is not in ACTIVE status",
    ),
    "share identifier on a FIFO queue": ({"shareIdentifier": "A1"}, "only applicable to job"),
    "priority 10000": ({"schedulingPriorityOverride": 10000}, "between 0 and 9999"),
    "array of 1": ({"arrayProperties": {"size": 1}}, "Array size must be between 2 and 10000"),
    "array of 10001": ({"arrayProperties": {"size": 10001}}, "Array size must be between"),
    "21 dependencies": (
        {"dependsOn": [{"jobId": str(number)} for number in range(21)]},
        "Job cannot have more than 20 dependencies",
    ),
    "N_TO_N of a plain job": ({"dependsOn": [{"jobId": "a", "type": "N_TO_N"}]}, "array jobs"),
    "SEQUENTIAL of a plain job": ({"dependsOn": [{"type": "SEQUENTIAL"}]}, "array jobs"),
    "SEQUENTIAL with a job id": (
        {**ARRAY, "dependsOn": [{"type": "SEQUENTIAL", "jobId": "a"}]},
        "cannot have a jobId",
    ),
    "N_TO_N without a job id": ({**ARRAY, "dependsOn": [{"type": "N_TO_N"}]}, "have a jobId"),
    "empty string in the command": (
        overriding(command=["echo", ""]),
        "Command field cannot have empty strings",
    ),
    "legacy vcpus": (
        overriding(vcpus=1),
        "vcpus is not applicable for Fargate. Use resource requirements instead.",
    ),
    "legacy memory": (
        overriding(memory=2048),
        "memory is not applicable for Fargate. Use resource requirements instead.",
    ),
    "instance type": (overriding(instanceType="m5.large"), "instanceType is not applicable"),
    "node overrides": ({"nodeOverrides": {"numNodes": 2}}, "nodeOverrides is not applicable"),
    "GPU": (asking(GPU="1"), "GPU is not applicable for Fargate."),
    "a type twice": (
        overriding(resourceRequirements=[{"type": "VCPU", "value": "1"}] * 2),
        "Cannot provide duplicates in resourceRequirements.",
    ),
    "no Fargate size": (
        asking(VCPU="1", MEMORY="4000"),
        "Fargate resource requirements (1.00 vCPU, 4000 MiB) not valid.",
    ),
    "one value that does not go with the definition's other": (
        asking(MEMORY="4096"),
        "Fargate resource requirements (0.25 vCPU, 4096 MiB) not valid.",
    ),
    "retries without attempts": (
        {"retryStrategy": {"evaluateOnExit": [EXIT]}},
        "RetryAttempts must be provided with retry strategy",
    ),
    "11 attempts": (retrying(attempts=11), "RetryAttempts must be between 1 and 10"),
    "6 entries of evaluateOnExit": (retrying(*[EXIT] * 6), "more than 5 entries"),
    "an entry without a condition": (retrying({"action": "EXIT"}), "at least one of"),
    "an exit code with letters": (
        retrying({"onExitCode": "1x", "action": "EXIT"}),
        "onExitCode should match",
    ),
    "an asterisk in the middle": (
        retrying({"onReason": "a*b", "action": "EXIT"}),
        "onReason should match",
    ),
    "timeout of 59": ({"timeout": {"attemptDurationSeconds": 59}}, "at least 60 seconds"),
    "51 tags": ({"tags": {str(number): "" for number in range(51)}}, "more than 50 tags"),
    "tag of AWS": ({"tags": {"aws:x": "y"}}, "cannot start with aws:"),
    "tag key of 129": ({"tags": {"x" * 129: ""}}, "too long"),
    "tag value of 257": ({"tags": {"x": "y" * 257}}, "too long"),
    "tag with a semicolon": ({"tags": {"x": ";"}}, "Tags should match valid pattern"),
    "request of 30 KiB": (
        overriding(environment=[{"name": "A", "value": "x" * 30 * 1024}]),
        "Job size must be less than 30 KiB, got 31 KiB",
    ),
}

ACCEPTED = {
    "name of 128 characters": {"jobName": "x" * 128},
    "name of one character": {"jobName": "x"},
    "queue and definition by ARN": {
        "jobQueue": f"arn:aws:batch:ap-northeast-1:123456789012:job-queue/{READY_QUEUE}",
        "jobDefinition": "arn:aws:batch:ap-northeast-1:123456789012:job-definition/"
        f"{READY_DEFINITION}",
    },
    "definition with its revision": {"jobDefinition": f"{READY_DEFINITION}:1"},
    "priority 0": {"schedulingPriorityOverride": 0},
    "priority 9999": {"schedulingPriorityOverride": 9999},
    "array of 2": ARRAY,
    "20 dependencies": {"dependsOn": [{"jobId": str(number)} for number in range(20)]},
    "10 attempts, 5 entries": retrying(*[EXIT] * 5, attempts=10),
    "timeout of 60": {"timeout": {"attemptDurationSeconds": 60}},
    "50 tags": {"tags": {f"Käse {number}": "+-=._:/@" for number in range(50)}},
}


@pytest.mark.parametrize(("wrong", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_legal_is_refused_in_words(
    aws: LocalBatch, submit: Submit, wrong: dict[str, Any], message: str
) -> None:
    name = wrong.get("jobName", "job")
    with pytest.raises(ClientError) as caught:
        submit(name, **{key: value for key, value in wrong.items() if key != "jobName"})
    assert caught.value.response["Error"]["Code"] == "ClientException"
    assert message in caught.value.response["Error"]["Message"]
    assert aws.jobs == []


@pytest.mark.parametrize("legal", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_just_legal_is_accepted(submit: Submit, legal: dict[str, Any]) -> None:
    assert submit(legal.get("jobName", "job"), **{k: legal[k] for k in legal if k != "jobName"})


def test_every_fargate_size_is_accepted_and_its_odd_neighbours_are_not(submit: Submit) -> None:
    for size in SIZES:
        submit(**asking(VCPU=str(size.vcpu), MEMORY=str(size.memory)))
        between = Size(size.vcpu, size.memory + 1)
        with pytest.raises(ClientError, match="not valid"):
            submit(**asking(VCPU=str(between.vcpu), MEMORY=str(between.memory)))


FAIR = {
    "no share identifier": ({}, "shareIdentifier must be specified."),
    "no priority anywhere": (
        {"shareIdentifier": "A1"},
        "Either schedulingPriority in job definition or schedulingPriorityOverride"
        " should be specified.",
    ),
}


@pytest.mark.parametrize(("given", "message"), FAIR.values(), ids=FAIR)
def test_a_fair_share_queue_wants_both(
    aws: LocalBatch, submit: Submit, given: dict[str, Any], message: str
) -> None:
    queue = aws.create_queue("fair", fair_share=True)
    with pytest.raises(ClientError, match=message):
        submit(jobQueue=queue, **given)
    job_id = submit(jobQueue=queue, shareIdentifier="A1", schedulingPriorityOverride=0)
    assert [(j["jobId"], j["schedulingPriority"]) for j in aws.jobs] == [(job_id, 0)]


# ── accepted, and then … ─────────────────────────────────────────────────────────────────────


def environment(characters: int) -> dict[str, Any]:
    return overriding(environment=[{"name": "A", "value": "x" * characters}])


def test_long_overrides_are_accepted_and_then_fail(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    short, long = submit(**environment(7000)), submit(**environment(8192))
    aws.advance(10)
    assert describe(short)["status"] == "SUCCEEDED"
    assert (describe(long)["status"], describe(long)["statusReason"]) == ("FAILED", TOO_LONG)
    assert describe(long)["attempts"] == []


def test_characters_count_and_not_bytes(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    job_id = submit(**overriding(environment=[{"name": "A", "value": "あ" * 7000}]))
    aws.advance(10)
    assert describe(job_id)["status"] == "SUCCEEDED"


def test_the_expanded_command_counts(aws: LocalBatch, submit: Submit, describe: Describe) -> None:
    words = overriding(command=["Ref::long"] * 10)
    job_id = submit(**words, parameters={"long": "x" * 900})
    aws.advance(10)
    assert describe(job_id)["statusReason"] == TOO_LONG


def test_too_many_propagated_tags_are_accepted_and_then_fail(
    aws: LocalBatch, batch: Any, submit: Submit, describe: Describe
) -> None:
    [definition] = batch.describe_job_definitions(jobDefinitionName=READY_DEFINITION)[
        "jobDefinitions"
    ]
    tags = {f"definition-{number}": "" for number in range(30)}
    batch.tag_resource(resourceArn=definition["jobDefinitionArn"], tags=tags)
    own = {str(number): "" for number in range(21)}
    kept, spread = submit(tags=own), submit(tags=own, propagateTags=True)
    aws.advance(10)
    assert describe(kept)["status"] == "SUCCEEDED"
    assert (describe(spread)["status"], describe(spread)["statusReason"]) == (
        "FAILED",
        TOO_MANY_TAGS,
    )


def test_an_environment_value_is_in_no_repr(aws: LocalBatch, submit: Submit) -> None:
    submit(**overriding(environment=[{"name": "TOKEN", "value": "hunter2"}]))
    assert "hunter2" in json.dumps(dict(aws.requests[0].parameters))
    assert "hunter2" not in repr(aws.requests) + repr(aws._engine.jobs)


def test_a_request_of_30_kib_is_too_large(submit: Submit) -> None:
    target = {"jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION, "parameters": {"p": ""}}
    bare = len(json.dumps({"jobName": "job", **target}, separators=(",", ":")))
    room = 30 * 1024 - bare
    submit(parameters={"p": "x" * (room - 1)})
    with pytest.raises(ClientError, match="Job size must be less than 30 KiB, got 30 KiB"):
        submit(parameters={"p": "x" * room})
