"""Whatever a request holds, the answer is one of AWS's, never a traceback and never a gigabyte."""

import http.client
import json
import socket
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import (
    READY_DEFINITION,
    READY_FAIR_SHARE_QUEUE,
    READY_QUEUE,
)
from airflow_fargate_batch.local.messages import Request
from airflow_fargate_batch.local.operations import OPERATIONS
from airflow_fargate_batch.local.server import BODY_LIMIT
from airflow_fargate_batch.local.shapes import _shapes
from tests.local.test_local_server import SIGNED

pytestmark = pytest.mark.new_boto3  # its models are what LocalBatch checks types against

ODD: list[Any] = [
    None, True, 0, -1, 1, 10**18, 10**30, 1e30, 0.5, "", "x", "1e999999999", "NaN", "-1", "1_0",
    "\u0661", "é\x00\n", "arn:aws:batch:eu-west-1:1:x/y", "x" * 300, ":", [], {}, [None], ["x"],
    [[]], [{}], {"a": None}, {"a": "b"}, {"": ""},
]  # fmt: skip
SIZE = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
CONTAINER: dict[str, Any] = {
    "image": "x",
    "command": ["ls"],
    "executionRoleArn": "arn:aws:iam::123456789012:role/x",
    "resourceRequirements": SIZE,
    "environment": [{"name": "A", "value": "b"}],
    "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
    "fargatePlatformConfiguration": {"platformVersion": "1.4.0"},
    "networkConfiguration": {"assignPublicIp": "ENABLED"},
    "ephemeralStorage": {"sizeInGiB": 30},
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "x"}},
    "volumes": [{"name": "x", "host": {}}],
    "linuxParameters": {"initProcessEnabled": True},
}
RETRIES = {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "RETRY"}]}
MORE = {"retryStrategy": RETRIES, "timeout": {"attemptDurationSeconds": 60}, "tags": {"a": "b"}}
CONSUMABLES = {"consumableResourceList": [{"consumableResource": "licence", "quantity": 1}]}
DEFINITION = {"jobDefinitionName": "x", "type": "container", "platformCapabilities": ["FARGATE"]}
TASK = {
    "executionRoleArn": "x",
    "platformVersion": "LATEST",
    "containers": [
        {"name": "a", "image": "x", "resourceRequirements": SIZE},
        {
            "name": "b",
            "image": "x",
            "essential": False,
            "dependsOn": [{"containerName": "a", "condition": "START"}],
            "resourceRequirements": SIZE,
            "stopTimeout": 60,
        },
    ],
}
VALID: list[tuple[str, dict[str, Any]]] = [
    (
        "SubmitJob",
        {
            "jobName": "x",
            "jobQueue": READY_QUEUE,
            "jobDefinition": READY_DEFINITION,
            "arrayProperties": {"size": 2},
            "dependsOn": [{"jobId": "x", "type": "N_TO_N"}],
            "parameters": {"a": "b"},
            "schedulingPriorityOverride": 1,
            "containerOverrides": {
                "command": ["ls"],
                "environment": [{"name": "A", "value": "b"}],
                "resourceRequirements": SIZE,
            },
            "consumableResourcePropertiesOverride": CONSUMABLES,
            "propagateTags": True,
            **MORE,
        },
    ),
    (
        "SubmitJob",
        {
            "jobName": "x",
            "jobQueue": READY_QUEUE,
            "jobDefinition": "multi",
            "ecsPropertiesOverride": {
                "taskProperties": [{"containers": [{"name": "a", "command": ["ls"]}]}]
            },
        },
    ),
    ("DescribeJobs", {"jobs": ["x"]}),
    (
        "ListJobs",
        {
            "jobQueue": READY_QUEUE,
            "filters": [{"name": "AFTER_CREATED_AT", "values": ["1"]}],
            "maxResults": 1,
            "nextToken": "MQ==",
        },
    ),
    ("TerminateJob", {"jobId": "x", "reason": "x"}),
    ("CancelJob", {"jobId": "x", "reason": "x"}),
    ("TerminateJobs", {"jobs": ["x"], "reason": "x"}),
    ("CancelJobs", {"jobs": ["x"], "reason": "x"}),
    (
        "CreateJobQueue",
        {
            "jobQueueName": "x",
            "priority": 1,
            "state": "ENABLED",
            "computeEnvironmentOrder": [
                {"order": 1, "computeEnvironment": f"{READY_QUEUE}-environment"}
            ],
            "jobStateTimeLimitActions": [
                {"reason": "x", "state": "RUNNABLE", "maxTimeSeconds": 600, "action": "CANCEL"}
            ],
        },
    ),
    (
        "UpdateJobQueue",
        {
            "jobQueue": READY_QUEUE,
            "priority": 1,
            "computeEnvironmentOrder": [
                {"order": 1, "computeEnvironment": f"{READY_QUEUE}-environment"}
            ],
        },
    ),
    ("DeleteJobQueue", {"jobQueue": "x"}),
    ("DescribeJobQueues", {"jobQueues": [READY_QUEUE], "maxResults": 1, "nextToken": "MQ=="}),
    (
        "CreateComputeEnvironment",
        {
            "computeEnvironmentName": "x",
            "type": "MANAGED",
            "computeResources": {
                "type": "FARGATE",
                "maxvCpus": 1,
                "subnets": ["x"],
                "securityGroupIds": ["x"],
            },
        },
    ),
    (
        "UpdateComputeEnvironment",
        {
            "computeEnvironment": f"{READY_QUEUE}-environment",
            "computeResources": {"maxvCpus": 1, "subnets": ["x"]},
        },
    ),
    ("DeleteComputeEnvironment", {"computeEnvironment": "x"}),
    ("DescribeComputeEnvironments", {"computeEnvironments": ["x"]}),
    (
        "CreateSchedulingPolicy",
        {
            "name": "x",
            "fairsharePolicy": {
                "shareDecaySeconds": 1,
                "computeReservation": 1,
                "shareDistribution": [{"shareIdentifier": "A", "weightFactor": 0.1}],
            },
        },
    ),
    ("UpdateSchedulingPolicy", {"arn": "x", "fairsharePolicy": {"shareDecaySeconds": 1}}),
    ("DeleteSchedulingPolicy", {"arn": "x"}),
    ("DescribeSchedulingPolicies", {"arns": ["x"]}),
    ("ListSchedulingPolicies", {"maxResults": 1}),
    ("RegisterJobDefinition", {**DEFINITION, "containerProperties": CONTAINER, **MORE}),
    ("RegisterJobDefinition", {**DEFINITION, "ecsProperties": {"taskProperties": [TASK]}}),
    ("DeregisterJobDefinition", {"jobDefinition": "x"}),
    ("DescribeJobDefinitions", {"jobDefinitions": ["x"], "status": "ACTIVE", "maxResults": 1}),
    ("CreateConsumableResource", {"consumableResourceName": "x", "totalQuantity": 1}),
    (
        "UpdateConsumableResource",
        {"consumableResource": "licence", "operation": "ADD", "quantity": 1},
    ),
    ("DeleteConsumableResource", {"consumableResource": "x"}),
    ("DescribeConsumableResource", {"consumableResource": "licence"}),
    (
        "ListConsumableResources",
        {"filters": [{"name": "CONSUMABLE_RESOURCE_NAME", "values": ["l*"]}]},
    ),
    (
        "ListJobsByConsumableResource",
        {"consumableResource": "licence", "filters": [{"name": "JOB_STATUS", "values": ["x"]}]},
    ),
    ("GetJobQueueSnapshot", {"jobQueue": READY_QUEUE}),
    ("TagResource", {"resourceArn": "x", "tags": {"a": "b"}}),
    ("UntagResource", {"resourceArn": "x", "tagKeys": ["a"]}),
    ("ListTagsForResource", {"resourceArn": "x"}),
]


def variants(body: Any) -> Iterator[Any]:
    """Yield *body* with each of its parts, at any depth, replaced by each odd value."""
    yield from deepcopy(ODD)
    if isinstance(body, dict):
        for key in body:
            for odd in variants(body[key]):
                yield {**body, key: odd}
    if isinstance(body, list):
        for position in range(len(body)):
            for odd in variants(body[position]):
                yield [*body[:position], odd, *body[position + 1 :]]


def full(name: str, depth: int = 0) -> Any:
    """Make a value of a shape with all of its members, some levels deep."""
    shape = _shapes()[name]
    if shape["type"] == "structure":
        members = shape["members"].items() if depth < 6 else ()
        return {member: full(target["shape"], depth + 1) for member, target in members}
    if shape["type"] == "list":
        return [full(shape["member"]["shape"], depth + 1)] if depth < 6 else []
    if shape["type"] == "map":
        return {"x": full(shape["value"]["shape"], depth + 1)}
    return {"string": "x", "boolean": True}.get(shape["type"], 1)


@pytest.fixture
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True, seed=1) as aws:
        batch = aws.client("batch")
        batch.create_consumable_resource(consumableResourceName="licence", totalQuantity=1)
        for name in ("x", "multi"):  # some members are newer than the oldest botocore
            definition = {"jobDefinitionName": name, "ecsProperties": {"taskProperties": [TASK]}}
            assert ask(aws, "RegisterJobDefinition", DEFINITION | definition)[0] == 200
        yield aws


def ask(aws: LocalBatch, operation: str, body: Any) -> tuple[int, Any]:
    """Put a request to it as the server does, without the cost of a connection."""
    method, path = "POST", f"/v1/{operation.lower()}"
    if operation.endswith(("Resource", "ForResource")) and "Consumable" not in operation:
        method = {"T": "POST", "U": "DELETE", "L": "GET"}[operation[0]]
        path = f"/v1/tags/{body.get('resourceArn') if isinstance(body, dict) else 'x'}"
    request = Request(
        method=method,
        path=path,
        query="",
        headers={"authorization": SIGNED},
        body=json.dumps(body).encode(),
    )
    response = aws._application(request)
    return response.status, json.loads(response.body)


def test_every_operation_is_tried() -> None:
    assert {name for name, _ in VALID} == set(OPERATIONS)


@pytest.mark.parametrize(
    ("operation", "body"), VALID, ids=[f"{name}-{number}" for number, (name, _) in enumerate(VALID)]
)
def test_odd_values_anywhere_are_answered(
    aws: LocalBatch, operation: str, body: dict[str, Any]
) -> None:
    for variant in variants(body):
        status, answer = ask(aws, operation, variant)
        assert status in (200, 400, 404), (variant, answer)
        if status != 200:
            assert answer["message"]
            assert len(answer["message"]) < 1000, variant
    aws.advance(1000)
    assert {job["status"] for job in aws.jobs} <= {"SUCCEEDED", "FAILED", "RUNNABLE", "PENDING"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_all_members_of_the_api_at_once_are_answered(aws: LocalBatch, operation: str) -> None:
    body = full(f"{operation}Request")
    for member in body:
        for part in (
            body,
            {member: body[member]},
            {**dict(VALID)[operation], member: body[member]},
        ):
            status, answer = ask(aws, operation, part)
            assert status in (200, 400, 404), (part, answer)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"jobs": [NaN]}', "SerializationException"),
        (b'{"jobs": ["\\ud800"]}', "SerializationException"),
        (b'{"jobs": ' + b"[" * 100_000, "SerializationException"),
        (b'{"jobs": ' + b"9" * 5000 + b"}", "SerializationException"),
        (b'{"jobs": [1]}', "SerializationException"),
        (b"\xff", "SerializationException"),
        (b"[]", "SerializationException"),
    ],
    ids=["NaN", "half a character", "deep", "long number", "number", "no text", "list"],
)
def test_what_is_not_the_apis_json_is_refused_in_awss_words(
    aws: LocalBatch, body: bytes, code: str
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(aws.url.rpartition(":")[2]))
    connection.request("POST", "/v1/describejobs", body, {"Authorization": SIGNED})
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["__type"]) == (400, code)


def test_a_number_without_end_is_refused(aws: LocalBatch) -> None:
    share = b'{"shareIdentifier": "A", "weightFactor": 1e999}'
    request = Request(
        method="POST",
        path="/v1/createschedulingpolicy",
        query="",
        headers={"authorization": SIGNED},
        body=b'{"name": "x", "fairsharePolicy": {"shareDistribution": [' + share + b"]}}",
    )
    assert aws._application(request).status == 400


def test_a_number_for_a_string_is_told_as_aws_tells_it(aws: LocalBatch) -> None:
    for body, message in (
        ({"jobs": [1]}, "NUMBER_VALUE can not be converted to a String"),
        ({"jobs": "x"}, "Unexpected STRING_VALUE where a list"),
        ({"jobs": [{}]}, "Start of structure or map found where not expected."),
    ):
        assert ask(aws, "DescribeJobs", body)[1]["message"].startswith(message)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Content-Length: -1", 400),
        ("Content-Length: 1e9", 400),
        (f"Content-Length: {BODY_LIMIT + 1}", 413),
        ("Content-Length: " + "9" * 4000, 413),
        ("Transfer-Encoding: chunked", 411),
    ],
    ids=["negative", "no number", "too long", "absurd", "chunked"],
)
def test_a_body_whose_end_is_not_told_is_refused_at_once(
    aws: LocalBatch, header: str, status: int
) -> None:
    with socket.create_connection(("127.0.0.1", int(aws.url.rpartition(":")[2])), 5) as client:
        client.sendall(
            f"POST /v1/submitjob HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode()
        )
        assert int(client.recv(4096).split()[1]) == status
        assert client.recv(1) == b""


CONTROL = {
    "faults": {
        "kind": "throttle",
        "operation": "SubmitJob",
        "every": 3,
        "rate": 0.5,
        "status": 500,
    },
    "scripts": {"name": "x", "exit_code": 1, "indexes": [1], "log": ["x"], "runtime": 1.0},
    "advance": {"seconds": 1},
    "alter": {"resource": f"scheduling-policy/{READY_FAIR_SHARE_QUEUE}-policy", "name": "x"},
}


@pytest.mark.parametrize("action", CONTROL)
def test_the_control_endpoint_takes_nothing_odd(aws: LocalBatch, action: str) -> None:
    for variant in [*variants(CONTROL[action]), {"seconds": 1e999}]:
        aws._application(
            Request(
                method="POST",
                path=f"/_local/{action}",
                query="",
                headers={"content-type": "application/json"},
                body=json.dumps(variant).encode(),
            )
        )
        aws.faults.clear()
        status, answer = ask(aws, *VALID[0])
        assert status == 200, (variant, answer)
    aws.advance(1000)
    assert aws.jobs
