from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.local.refusal import Refusal

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


@pytest.mark.new_boto3
def test_a_queue_can_be_made_as_at_aws(batch: Any) -> None:
    environment = batch.create_compute_environment(
        computeEnvironmentName="ce",
        type="MANAGED",
        computeResources={
            "type": "FARGATE_SPOT",
            "maxvCpus": 4,
            "subnets": ["subnet-1"],
            "securityGroupIds": ["sg-1"],
        },
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
    assert batch.describe_job_queues(jobQueues=[READY_QUEUE])["jobQueues"] == []


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
    queues = elsewhere.describe_job_queues()["jobQueues"]
    assert all(":us-east-1:" in queue["jobQueueArn"] for queue in queues)


def test_it_may_start_empty() -> None:
    with LocalBatch(empty=True) as aws:
        batch = aws.client("batch")
        assert batch.describe_job_queues(jobQueues=[READY_QUEUE])["jobQueues"] == []
        queue = aws.create_queue("mine")
        definition = aws.register_job_definition("mine", vcpu="1", memory=2048)
        assert batch.submit_job(jobName="x", jobQueue=queue, jobDefinition=definition)["jobId"]


FARGATE = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}


def create_environment(batch: Any, name: str = "ce", **resources: Any) -> None:
    merged = {key: value for key, value in (FARGATE | resources).items() if value is not None}
    batch.create_compute_environment(
        computeEnvironmentName=name, type="MANAGED", computeResources=merged
    )


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"fargatePlatformConfiguration": {"platformVersion": "junk"}}, "platformVersion junk is"),
        ({"networkConfiguration": {"assignPublicIp": "YES"}}, "assignPublicIp YES is not valid"),
        ({"runtimePlatform": {"cpuArchitecture": "RISC"}}, "cpuArchitecture RISC is not valid"),
        (
            {
                "runtimePlatform": {
                    "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE",
                    "cpuArchitecture": "ARM64",
                }
            },
            "must be X86_64",
        ),
        ({"ephemeralStorage": {"sizeInGiB": 20}}, "between 21 and 200"),
        ({"ulimits": [{"name": "x", "hardLimit": 1, "softLimit": 1}]}, "ulimits is not applicable"),
        ({"vcpus": 1}, "vcpus is not applicable for Fargate. Use resource requirements instead."),
        ({"linuxParameters": {"sharedMemorySize": 1}}, "sharedMemorySize is not applicable"),
        ({"logConfiguration": {"logDriver": "gelf"}}, "Log driver gelf is not applicable"),
        ({"command": [""]}, "Command field cannot have empty strings"),
        ({"volumes": [{"name": "x", "host": {"sourcePath": "/"}}]}, "sourcePath is not applicable"),
        (
            {"resourceRequirements": [{"type": "GPU", "value": "1"}]},
            "GPU is not applicable for Fargate.",
        ),
        (
            {
                "resourceRequirements": [
                    {"type": "VCPU", "value": "1e999999999"},
                    {"type": "MEMORY", "value": "1"},
                ]
            },
            "should be numbers",
        ),
    ],
)
def test_a_definition_is_checked_as_a_whole(
    batch: Any, container: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        register(batch, **container)
    assert caught.value.response["Error"]["Code"] == "ClientException"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"jobDefinitionName": "-x"}, "should match valid pattern"),
        ({"type": "multinode"}, "multinode is not applicable for Fargate"),
        ({"platformCapabilities": ["EC2"]}, "platformCapabilities must be FARGATE"),
        ({"retryStrategy": {"attempts": 11}}, "between 1 and 10"),
        ({"timeout": {"attemptDurationSeconds": 59}}, "at least 60 seconds"),
        ({"schedulingPriority": 10000}, "between 0 and 9999"),
        ({"tags": {"aws:x": "y"}}, "cannot start with aws:"),
    ],
)
def test_what_stands_beside_the_container_is_checked_too(
    batch: Any, members: dict[str, Any], message: str
) -> None:
    definition = {
        "jobDefinitionName": "x",
        "type": "container",
        "platformCapabilities": ["FARGATE"],
        "containerProperties": CONTAINER,
    }
    with pytest.raises(ClientError, match=message):
        batch.register_job_definition(**definition | members)


def test_a_definition_is_shown_with_what_aws_fills_in(batch: Any) -> None:
    register(batch)
    [shown] = batch.describe_job_definitions(jobDefinitionName="mine")["jobDefinitions"]
    container = shown["containerProperties"]
    assert container["networkConfiguration"] == {"assignPublicIp": "DISABLED"}
    assert container["fargatePlatformConfiguration"] == {"platformVersion": "LATEST"}
    assert [container[key] for key in ("command", "environment", "volumes", "secrets")] == [[]] * 4
    assert (shown["parameters"], shown["tags"]) == ({}, {})


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"type": "EC2"}, "type must be FARGATE or FARGATE_SPOT"),
        ({"subnets": None}, "subnets is required"),
        ({"securityGroupIds": None}, "securityGroupIds is required"),
        ({"subnets": [str(number) for number in range(17)]}, "1 to 16"),
        ({"maxvCpus": 0}, "at least 1"),
        ({"instanceRole": "x"}, "instanceRole is not applicable for Fargate."),
        ({"minvCpus": 0}, "minvCpus is not applicable for Fargate."),
    ],
)
def test_an_environment_is_checked(batch: Any, resources: dict[str, Any], message: str) -> None:
    if "subnets" in resources and resources["subnets"] is None:
        resources = {"subnets": []}
    with pytest.raises(ClientError, match=message):
        create_environment(batch, **resources)


def test_a_change_of_one_member_keeps_the_others(batch: Any) -> None:
    create_environment(batch)
    batch.update_compute_environment(computeEnvironment="ce", computeResources={"maxvCpus": 8})
    [shown] = batch.describe_compute_environments(computeEnvironments=["ce"])["computeEnvironments"]
    assert shown["computeResources"] == FARGATE | {"maxvCpus": 8}
    with pytest.raises(ClientError, match="at least 1"):
        batch.update_compute_environment(computeEnvironment="ce", computeResources={"maxvCpus": 0})


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"jobQueueName": "x y"}, "should match valid pattern"),
        ({"priority": -1}, "positive"),
        ({"computeEnvironmentOrder": []}, "1 to 3 entries"),
        ({"computeEnvironmentOrder": ["no"]}, "ComputeEnvironment no not found"),
        ({"computeEnvironmentOrder": ["ce", "ce"]}, "duplicates"),
        ({"computeEnvironmentOrder": ["ce", "ce2", "ce3", "ce4"]}, "1 to 3 entries"),
        ({"state": "ON"}, "state ON is not valid"),
        ({"schedulingPolicyArn": "arn:aws:batch:x"}, "SchedulingPolicy arn:aws:batch:x not found"),
        (
            {"jobStateTimeLimitActions": [{"reason": "x", "state": "RUNNABLE", "maxTimeSeconds": 5,
                                           "action": "CANCEL"}]},
            "between 600 and 86400",
        ),
    ],
)  # fmt: skip
def test_a_queue_is_checked(batch: Any, members: dict[str, Any], message: str) -> None:
    create_environment(batch)
    queue: dict[str, Any] = {
        "jobQueueName": "x",
        "priority": 1,
        "computeEnvironmentOrder": ["ce"],
    } | members
    names = queue["computeEnvironmentOrder"]
    order = [{"order": n, "computeEnvironment": name} for n, name in enumerate(names)]
    with pytest.raises(ClientError, match=message):
        batch.create_job_queue(**queue | {"computeEnvironmentOrder": order})


def test_jobs_end_with_their_queue(aws: LocalBatch, batch: Any) -> None:
    queue = aws.create_queue("mine")
    names = ("waiting", "running", "ended")
    aws.script("running", stuck_in="RUNNING")
    aws.script("waiting", stuck_in="RUNNABLE")
    for name in names:
        batch.submit_job(jobName=name, jobQueue=queue, jobDefinition=READY_DEFINITION)
    aws.advance(60)
    batch.update_job_queue(jobQueue=queue, state="DISABLED")
    batch.delete_job_queue(jobQueue=queue)
    aws.advance(60)
    assert [job["status"] for job in aws.jobs] == ["FAILED", "FAILED", "SUCCEEDED"]


def test_what_is_of_another_region_is_not_found(aws: LocalBatch, batch: Any) -> None:
    there = aws.client("batch", region_name="us-east-1")
    queue = there.describe_job_queues()["jobQueues"][0]["jobQueueArn"]
    assert ":us-east-1:" in queue
    with pytest.raises(ClientError, match=r"JobQueue .* not found"):
        batch.submit_job(jobName="x", jobQueue=queue, jobDefinition=READY_DEFINITION)
    with pytest.raises(ClientError, match="not found"):
        batch.list_tags_for_resource(resourceArn=queue)
    job = there.submit_job(jobName="x", jobQueue=queue, jobDefinition=READY_DEFINITION)
    batch.submit_job(
        jobName="x",
        jobQueue=READY_QUEUE,
        jobDefinition=READY_DEFINITION,
        dependsOn=[{"jobId": job["jobId"]}],
    )
    aws.advance(60)
    assert [job["status"] for job in aws.jobs] == ["SUCCEEDED", "FAILED"]


def test_each_answer_has_an_id_of_its_own(batch: Any) -> None:
    ids = {batch.describe_job_queues()["ResponseMetadata"]["RequestId"] for _ in range(3)}
    with pytest.raises(ClientError) as caught:
        batch.describe_jobs(jobs=["x"] * 101)
    ids.add(caught.value.response["ResponseMetadata"]["RequestId"])
    assert len(ids) == 4


def test_only_so_many_calls_are_kept(aws: LocalBatch, batch: Any) -> None:
    calls = aws._application.calls
    assert calls.maxlen is not None
    batch.describe_job_queues()
    calls.extend([calls[0]] * (calls.maxlen + 1))
    assert len(aws.requests) == calls.maxlen


def test_what_is_made_before_the_first_call_stands_beside_what_is_ready() -> None:
    with LocalBatch() as aws:
        assert aws.create_queue("fair-share", fair_share=True).endswith("job-queue/fair-share")
        with pytest.raises(Refusal, match="already exists"):
            aws.create_queue("fair-share")
        mine = aws.register_job_definition(READY_DEFINITION, command=["mine"])
        batch = aws.client("batch")
        job = batch.submit_job(jobName="x", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION)
        [shown] = batch.describe_jobs(jobs=[job["jobId"]])["jobs"]
        assert (shown["jobDefinition"], shown["container"]["command"]) == (mine, ["mine"])


def test_a_resource_can_be_shown_in_a_state_that_aws_alone_brings_about(
    aws: LocalBatch, batch: Any
) -> None:
    environment = f"{READY_QUEUE}-environment"
    aws.alter(f"compute-environment/{environment}", status="INVALID", statusReason="CLIENT_ERROR")
    aws.alter(f"job-definition/{READY_DEFINITION}:1", parameters={"day": "today"}, tags=None)
    [shown] = batch.describe_compute_environments(computeEnvironments=[environment])[
        "computeEnvironments"
    ]
    assert (shown["status"], shown["statusReason"]) == ("INVALID", "CLIENT_ERROR")
    [definition] = batch.describe_job_definitions(jobDefinitions=[READY_DEFINITION])[
        "jobDefinitions"
    ]
    assert definition["parameters"] == {"day": "today"}
    assert "tags" not in definition
    with pytest.raises(KeyError, match="no job-queue/other in"):
        aws.alter("job-queue/other", state="DISABLED")


@pytest.mark.parametrize(
    ("resource", "members"),
    [
        (f"job-queue/{READY_QUEUE}", {"jobQueueType": "ECS"}),
        (f"job-definition/{READY_DEFINITION}:1", {"platformCapabilities": ["EC2"]}),
        (
            f"job-definition/{READY_DEFINITION}:1",
            {"containerProperties": None, "eksProperties": {"podProperties": {}}},
        ),
    ],
)
def test_jobs_on_anything_but_fargate_are_refused(
    aws: LocalBatch, batch: Any, resource: str, members: dict[str, Any]
) -> None:
    aws.alter(resource, **members)
    with pytest.raises(ClientError, match="LocalBatch runs Fargate jobs only"):
        batch.submit_job(jobName="x", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION)
