"""IAM policies: as narrow as the resource types of the actions allow."""

from typing import Any

import pytest

from airflow_fargate_batch.core.permissions import (
    FEATURES,
    RESOURCE_TYPES,
    Scope,
    policy,
    read_features,
)
from airflow_fargate_batch.exceptions import InvalidRequest

QUEUE = "arn:aws:batch:eu-west-1:111122223333:job-queue/fast"
SUBMIT = "ConsumableResourceJobJobDefinitionJobQueue"
DEFINITION = "arn:aws:batch:eu-west-1:111122223333:job-definition/report"


def statements(document: dict[str, Any]) -> dict[str, Any]:
    return {each["Sid"]: (each["Action"], each["Resource"]) for each in document["Statement"]}


def test_without_arns_every_resource_of_the_right_type_is_allowed() -> None:
    document = policy(read_features(["submit", "wait", "logs"]), Scope())
    assert statements(document) == {
        "AnyResource": (["batch:DescribeJobs"], "*"),
        "Job": (["batch:TagResource"], ["arn:aws:batch:*:*:job/*"]),
        SUBMIT: (
            ["batch:SubmitJob"],
            [
                "arn:aws:batch:*:*:consumable-resource/*",
                "arn:aws:batch:*:*:job/*",
                "arn:aws:batch:*:*:job-definition/*",
                "arn:aws:batch:*:*:job-queue/*",
            ],
        ),
        "LogStream": (
            ["logs:GetLogEvents"],
            ["arn:aws:logs:*:*:log-group:/aws/batch/job:log-stream:*"],
        ),
    }


def test_arns_limit_queues_definitions_and_the_account_of_jobs_and_logs() -> None:
    scope = Scope(job_queues=(QUEUE, "spare"), job_definitions=(DEFINITION,))
    found = statements(policy(read_features(["submit", "terminate", "logs"]), scope))
    assert found[SUBMIT][1] == [
        "arn:aws:batch:eu-west-1:111122223333:consumable-resource/*",
        "arn:aws:batch:eu-west-1:111122223333:job/*",
        DEFINITION,
        f"{DEFINITION}:*",
        QUEUE,
        "arn:aws:batch:eu-west-1:111122223333:job-queue/spare",
    ]
    assert found["Job"][1] == ["arn:aws:batch:eu-west-1:111122223333:job/*"]
    assert found["LogStream"][1] == [
        "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/batch/job:log-stream:*"
    ]


def test_a_definition_with_a_revision_allows_that_revision_only() -> None:
    scope = Scope(job_definitions=("report:3",))
    found = statements(policy(read_features(["submit"]), scope))
    definitions = [arn for arn in found[SUBMIT][1] if ":job-definition/" in arn]
    assert definitions == ["arn:aws:batch:*:*:job-definition/report:3"]


def test_queues_in_two_regions_allow_jobs_of_any_region() -> None:
    other = QUEUE.replace("eu-west-1", "us-east-1")
    found = statements(policy(read_features(["terminate"]), Scope(job_queues=(QUEUE, other))))
    assert found["Job"][1] == ["arn:aws:batch:*:*:job/*"]


def test_the_partition_of_the_arns_counts() -> None:
    queue = "arn:aws-cn:batch:cn-north-1:111122223333:job-queue/fast"
    found = statements(policy(read_features(["terminate"]), Scope(job_queues=(queue,))))
    assert found["Job"][1] == ["arn:aws-cn:batch:cn-north-1:111122223333:job/*"]


def test_lists_of_items_are_limited_to_a_prefix() -> None:
    features = read_features(["write-items", "read-items"])
    found = statements(policy(features, Scope(items_locations=("s3://lists/daily/", "s3://other"))))
    assert found == {
        "Object": (
            ["s3:GetObject", "s3:PutObject"],
            ["arn:aws:s3:::lists/daily/*", "arn:aws:s3:::other/*"],
        )
    }
    assert statements(policy(features, Scope()))["Object"][1] == ["arn:aws:s3:::*/*"]
    with pytest.raises(InvalidRequest, match="items_location: lists is not a prefix on S3"):
        policy(features, Scope(items_locations=("lists",)))


def test_a_feature_that_does_not_exist_is_named_with_the_nearest() -> None:
    with pytest.raises(InvalidRequest, match=r"no feature 'submt'; did you mean submit\?"):
        read_features(["submt"])


@pytest.mark.parametrize("queue", [DEFINITION, "a queue", "arn:aws:batch:job-queue/x", "q/*"])
def test_an_arn_of_another_type_is_refused(queue: str) -> None:
    with pytest.raises(InvalidRequest, match=r"job_queue: .* is neither a name nor an ARN"):
        policy(FEATURES, Scope(job_queues=(queue,)))


def test_every_action_has_its_resource_types() -> None:
    used = {action for feature in FEATURES for action in feature.actions}
    assert used == set(RESOURCE_TYPES)
