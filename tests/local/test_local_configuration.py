from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE

CONTAINER: dict[str, Any] = {
    "image": "busybox",
    "executionRoleArn": "arn:aws:iam::123456789012:role/x",
    "resourceRequirements": [
        {"type": "VCPU", "value": "1"},
        {"type": "MEMORY", "value": "2048"},
    ],
}


def register(batch: Any, name: str = "mine", **container: Any) -> dict[str, Any]:
    return dict(
        batch.register_job_definition(
            jobDefinitionName=name,
            type="container",
            platformCapabilities=["FARGATE"],
            containerProperties=CONTAINER | container,
        )
    )


def test_a_queue_can_be_made_as_at_aws(batch: Any) -> None:
    environment = batch.create_compute_environment(
        computeEnvironmentName="ce",
        type="MANAGED",
        computeResources={"type": "FARGATE_SPOT", "maxvCpus": 4, "subnets": ["subnet-1"]},
    )
    policy = batch.create_scheduling_policy(name="policy", fairsharePolicy={})
    batch.create_job_queue(
        jobQueueName="mine",
        priority=1,
        schedulingPolicyArn=policy["arn"],
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "ce"}],
    )
    [queue] = batch.describe_job_queues(jobQueues=["mine"])["jobQueues"]
    assert queue["schedulingPolicyArn"] == policy["arn"]
    assert (
        queue["computeEnvironmentOrder"][0]["computeEnvironment"]
        == (environment["computeEnvironmentArn"])
    )
    assert (queue["state"], queue["status"], queue["jobQueueType"]) == (
        "ENABLED",
        "VALID",
        "ECS_FARGATE",
    )


def test_a_disabled_queue_takes_no_jobs_and_can_be_deleted(batch: Any) -> None:
    batch.update_job_queue(jobQueue=READY_QUEUE, state="DISABLED")
    with pytest.raises(ClientError, match="is not enabled"):
        batch.submit_job(jobName="x", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION)
    batch.delete_job_queue(jobQueue=READY_QUEUE)
    assert batch.describe_job_queues()["jobQueues"] == []


def test_what_is_in_use_cannot_be_deleted(batch: Any) -> None:
    with pytest.raises(ClientError, match="must be DISABLED"):
        batch.delete_job_queue(jobQueue=READY_QUEUE)
    environment = f"{READY_QUEUE}-environment"
    batch.update_compute_environment(computeEnvironment=environment, state="DISABLED")
    with pytest.raises(ClientError, match="JobQueue relationship"):
        batch.delete_compute_environment(computeEnvironment=environment)


def test_the_newest_active_revision_is_the_one_that_runs(batch: Any) -> None:
    for _ in range(3):
        register(batch)
    batch.deregister_job_definition(jobDefinition="mine:3")
    job = batch.submit_job(jobName="x", jobQueue=READY_QUEUE, jobDefinition="mine")
    [shown] = batch.describe_jobs(jobs=[job["jobId"]])["jobs"]
    assert shown["jobDefinition"].endswith("job-definition/mine:2")
    active = batch.describe_job_definitions(jobDefinitionName="mine", status="ACTIVE")
    assert [one["revision"] for one in active["jobDefinitions"]] == [2, 1]
    [third] = batch.describe_job_definitions(jobDefinitions=["mine:3"])["jobDefinitions"]
    assert third["status"] == "INACTIVE"


def test_descriptions_come_in_pages(batch: Any) -> None:
    for number in range(5):
        register(batch, f"mine-{number}")
    pages = batch.get_paginator("describe_job_definitions").paginate(
        PaginationConfig={"PageSize": 2}
    )
    assert [len(page["jobDefinitions"]) for page in pages] == [2, 2, 2]


@pytest.mark.parametrize(
    ("container", "message"),
    [
        pytest.param({"executionRoleArn": ""}, "executionRoleArn is required", id="no role"),
        pytest.param({"privileged": True}, "privileged is not applicable", id="privileged"),
        pytest.param(
            {"resourceRequirements": [{"type": "VCPU", "value": "1"}]}, "MEMORY", id="no memory"
        ),
        pytest.param(
            {
                "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"},
                "resourceRequirements": [
                    {"type": "VCPU", "value": "0.5"},
                    {"type": "MEMORY", "value": "1024"},
                ],
            },
            "not valid",
            id="Windows below 1 vCPU",
        ),
        pytest.param(
            {
                "fargatePlatformConfiguration": {"platformVersion": "1.3.0"},
                "resourceRequirements": [
                    {"type": "VCPU", "value": "8"},
                    {"type": "MEMORY", "value": "16384"},
                ],
            },
            "not valid",
            id="8 vCPU on platform version 1.3.0",
        ),
    ],
)
def test_a_definition_that_fargate_cannot_run_is_refused(
    batch: Any, container: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        register(batch, **container)


def test_multi_container_definitions_keep_their_results_elsewhere(
    aws: LocalBatch, batch: Any
) -> None:
    main = {
        "name": "main",
        "image": "busybox",
        "essential": True,
        "resourceRequirements": CONTAINER["resourceRequirements"],
    }
    batch.register_job_definition(
        jobDefinitionName="multi",
        type="container",
        platformCapabilities=["FARGATE"],
        ecsProperties={
            "taskProperties": [
                {"executionRoleArn": CONTAINER["executionRoleArn"], "containers": [main]}
            ]
        },
    )
    override = {"taskProperties": [{"containers": [{"name": "main", "command": ["ls"]}]}]}
    job = batch.submit_job(
        jobName="x", jobQueue=READY_QUEUE, jobDefinition="multi", ecsPropertiesOverride=override
    )
    aws.advance(10)
    [shown] = batch.describe_jobs(jobs=[job["jobId"]])["jobs"]
    [container] = shown["ecsProperties"]["taskProperties"][0]["containers"]
    assert (container["name"], container["command"], container["exitCode"]) == ("main", ["ls"], 0)
    assert container["logStreamName"].startswith("multi/main/")
    assert shown["container"] == {}


def test_tags_can_be_added_listed_and_removed_on_jobs_too(batch: Any) -> None:
    job = batch.submit_job(
        jobName="x", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION, tags={"a": "1"}
    )
    batch.tag_resource(resourceArn=job["jobArn"], tags={"b": "2"})
    batch.untag_resource(resourceArn=job["jobArn"], tagKeys=["a"])
    assert batch.list_tags_for_resource(resourceArn=job["jobArn"])["tags"] == {"b": "2"}


def test_regions_are_apart(aws: LocalBatch, batch: Any) -> None:
    job = batch.submit_job(jobName="x", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION)
    elsewhere = aws.client("batch", region_name="us-east-1")
    assert elsewhere.describe_jobs(jobs=[job["jobId"]])["jobs"] == []
    [queue] = elsewhere.describe_job_queues()["jobQueues"]
    assert ":us-east-1:" in queue["jobQueueArn"]


def test_it_may_start_empty() -> None:
    with LocalBatch(empty=True) as aws:
        batch = aws.client("batch")
        assert batch.describe_job_queues()["jobQueues"] == []
        queue = aws.create_queue("mine")
        definition = aws.register_job_definition("mine", vcpu="1", memory=2048)
        assert batch.submit_job(jobName="x", jobQueue=queue, jobDefinition=definition)["jobId"]
