"""Every other member of SubmitJob: a legal and an illegal value at each documented boundary."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from time import process_time
from typing import Any

import pytest

from airflow_fargate_batch.core.naming import TAG_PREFIX, Submission
from airflow_fargate_batch.core.request import JobRequest, read_exit_codes, read_flag, read_seconds
from airflow_fargate_batch.exceptions import EmptyArray, InvalidRequest
from tests.core.making import body, make, problem, problems

ARN = "arn:aws:batch:ap-northeast-1:123456789012"
SUBMISSION = Submission.of_task(
    dag_id="daily", run_id="manual__2026-11-22", task_id="extract", map_index=-1, generation=0
)
EVERY_TAG = {"submission", "dag", "task", "run"}


def test_an_argument_that_there_is_not_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="vcpus"):
        make(vcpus=1)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InvalidRequest) as caught:
        JobRequest.from_arguments(vcpu=3, command=[""], tags={"aws:x": "1"}, depends_on=[None])
    fields = {each.field for each in caught.value.problems}
    assert fields == {
        "job_queue",
        "job_definition",
        "vcpu",
        "command[0]",
        "tags",
        "depends_on[0]",
    }
    assert str(caught.value).startswith("6 problems in the request:\n- ")


def test_every_member_at_once() -> None:
    said = make(
        job_name="n",
        vcpu=1,
        memory=2048,
        command=["c"],
        environment={"A": "1"},
        parameters={"p": "1"},
        share_identifier="S",
        scheduling_priority=0,
        array_size=2,
        depends_on="a",
        retry_strategy=1,
        job_timeout=60,
        tags={"t": "1"},
        propagate_tags=False,
        platform_version="LATEST",
        awslogs_index=1,
    ).to_submit_job()
    assert said == {
        "jobName": "n",
        "jobQueue": "queue",
        "jobDefinition": "definition",
        "shareIdentifier": "S",
        "schedulingPriorityOverride": 0,
        "arrayProperties": {"size": 2},
        "dependsOn": [{"jobId": "a"}],
        "parameters": {"p": "1"},
        "containerOverrides": {
            "command": ["c"],
            "environment": [{"name": "A", "value": "1"}],
            "resourceRequirements": [
                {"type": "VCPU", "value": "1"},
                {"type": "MEMORY", "value": "2048"},
            ],
        },
        "retryStrategy": {"attempts": 1},
        "timeout": {"attemptDurationSeconds": 60},
        "tags": {"t": "1"},
        "propagateTags": False,
    }


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"array_size": 3, "awslogs_index": 0}, 0),
        ({"array_size": 3, "awslogs_index": "2"}, 2),
        ({"array_size": 10_000, "awslogs_index": 9999}, 9999),
        ({"array_size": 1, "awslogs_index": 0}, None),
        ({"array_size": 3}, None),
    ],
    ids=["first", "last", "last of all", "array of one", "not given"],
)
def test_a_child_to_listen_to_is_one_of_the_array(given: dict[str, Any], read: int | None) -> None:
    assert make(**given).awslogs_index == read


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"array_size": 3, "awslogs_index": 3}, "3 is outside the 3 children: use at most 2"),
        ({"array_size": 1, "awslogs_index": 1}, "1 is outside the 1 children: use at most 0"),
        ({"array_size": 3, "awslogs_index": -1}, "-1 is outside 0 to 9999: use 0"),
        ({"array_size": 3, "awslogs_index": 1.5}, "1.5 is not a whole number"),
        (
            {"awslogs_index": 0},
            "selects a child of an array, but `array_size` is not set: remove `awslogs_index`",
        ),
    ],
    ids=["behind the last", "array of one", "negative", "no number", "no array"],
)
def test_what_is_no_child_of_the_array_is_a_problem(given: dict[str, Any], said: str) -> None:
    assert problem(**given) == f"awslogs_index: {said}"


def test_an_empty_array_has_no_children_to_be_wrong_about() -> None:
    with pytest.raises(EmptyArray):
        make(array_size=0, awslogs_index=2)
    with pytest.raises(EmptyArray):
        make(items=[], awslogs_index=2)


# --- Names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "a" * 128, "0_-", 20261122], ids=str)
def test_a_job_name_is_kept_as_given(name: Any) -> None:
    assert make(job_name=name).job_name == str(name)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("a" * 129, "use " + "a" * 128),
        ("-a", "use a"),
        ("my job.1", "use my-job-1"),
        ("日次", "use job"),
        ("a\nb", "use a-b"),
    ],
)
def test_an_illegal_job_name_is_refused_with_a_legal_one(name: str, suggestion: str) -> None:
    (only,) = problems(job_name=name)
    assert (only.field, only.suggestion) == ("job_name", suggestion)


@pytest.mark.parametrize("prefix", [None, "fargate-job"])
def test_the_default_name(prefix: str | None) -> None:
    assert make(job_name_prefix=prefix).job_name == "fargate-job"


def test_a_default_name_is_made_of_prefix_and_submission() -> None:
    name = make(job_name_prefix="my jobs", submission=SUBMISSION).job_name
    assert name == f"my-jobs-daily-extract-{SUBMISSION.mark}"


@pytest.mark.parametrize(
    "queue", ["q", "q" * 128, f"{ARN}:job-queue/my_queue-1", "arn:aws-cn:batch:r:1:job-queue/q"]
)
def test_a_queue_is_a_name_or_an_arn(queue: str) -> None:
    assert make(job_queue=queue).job_queue == queue


@pytest.mark.parametrize(
    "queue",
    [None, "", "q" * 129, "my queue", "q:1", f"{ARN}:job-definition/q", f"{ARN}:job-queue/", 1.5],
    ids=repr,
)
def test_what_is_no_queue_is_a_problem(queue: Any) -> None:
    assert problem(job_queue=queue).startswith("job_queue: ")


@pytest.mark.parametrize(
    "definition",
    [
        "d",
        "d" * 128,
        "d:3",
        "d" * 128 + ":1234567",
        f"{ARN}:job-definition/d",
        f"{ARN}:job-definition/d:3",
    ],
)
def test_a_definition_is_a_name_with_or_without_revision_or_an_arn(definition: str) -> None:
    assert make(job_definition=definition).job_definition == definition


@pytest.mark.parametrize(
    "definition",
    [None, "d" * 129, "my definition", ":3", f"{ARN}:job-queue/d", f"{ARN}:job-definition/"],
    ids=repr,
)
def test_what_is_no_definition_is_a_problem(definition: Any) -> None:
    (only,) = problems(job_definition=definition)
    assert only.field == "job_definition"
    assert "latest" not in (only.suggestion or "")


@pytest.mark.parametrize("name", ["d", f"{ARN}:job-definition/d"])
def test_name_latest_is_refused_and_the_name_suggested(name: str) -> None:
    (only,) = problems(job_definition=f"{name}:latest")
    assert only.suggestion == f"use {name}, which means the latest active revision"


# --- Numbers, at both ends -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "member", "legal"),
    [
        ("scheduling_priority", "schedulingPriorityOverride", (0, 9999)),
        ("array_size", "arrayProperties", ({"size": 2}, {"size": 10000})),
        ("retry_strategy", "retryStrategy", ({"attempts": 1}, {"attempts": 10})),
        ("job_timeout", "timeout", ({"attemptDurationSeconds": 60},)),
    ],
)
def test_the_ends_of_a_range_are_legal(argument: str, member: str, legal: tuple[Any, ...]) -> None:
    for sent in legal:
        number = next(iter(sent.values())) if isinstance(sent, dict) else sent
        for given in (number, str(number), float(number)):
            assert body(**{argument: given}) == {member: sent}


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("scheduling_priority", -1, "-1 is outside 0 to 9999: use 0"),
        ("scheduling_priority", "10000", "10000 is outside 0 to 9999: use 9999"),
        ("array_size", -1, "-1 is outside 2 to 10000: use 2"),
        ("array_size", 10001, "10001 is outside 2 to 10000: use 10000, or several array jobs"),
        ("retry_strategy", 0, "0 is outside 1 to 10: use 1"),
        ("retry_strategy", "11", "11 is outside 1 to 10: use 10"),
        ("spot_retries", -1, "-1 is outside 0 to 9: use 0"),
        ("spot_retries", 10, "10 is outside 0 to 9: use 9"),
        ("job_timeout", 59, "59 s is less than the minimum of AWS Batch: use 60 s or more"),
        (
            "job_timeout",
            timedelta(seconds=59),
            "59 s is less than the minimum of AWS Batch: use 60 s or more",
        ),
    ],
    ids=str,
)
def test_just_outside_a_range_is_refused_with_the_nearest(
    argument: str, value: Any, said: str
) -> None:
    assert problem(**{argument: value}) == f"{argument}: {said}"


@pytest.mark.parametrize(
    "argument",
    ["scheduling_priority", "array_size", "retry_strategy", "spot_retries", "job_timeout"],
)
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "True is not a number"),
        ("1.5", "'1.5' is not a whole number"),
        (10**18, "1000000000000000000 is outside every range that AWS accepts"),
        (Decimal("-1e9999999"), "-1E+9999999 is outside every range that AWS accepts"),
        (
            "None",
            "is the text 'None': check the template or script that sets it; no value was found",
        ),
        ("{{ x }}", "'{{ x }}' is a template that was not rendered"),
        ([], "a list is not a number"),
    ],
    ids=repr,
)
def test_what_is_no_whole_number_is_a_problem(argument: str, value: Any, said: str) -> None:
    assert problem(**{argument: value}) == f"{argument}: {said}"


@pytest.mark.parametrize(
    ("days", "warned"), [(timedelta(days=14), False), (timedelta(days=14, seconds=1), True)]
)
def test_a_timeout_beyond_14_days_is_suspicious(days: timedelta, warned: bool) -> None:
    request = make(job_timeout=days)
    assert request.job_timeout == days.total_seconds()
    assert bool(request.warnings) == warned


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        *((value, True) for value in (True, "true", " True ", 1, "1", "yes")),
        *((value, False) for value in (False, "False", 0, "0", "off")),
    ],
    ids=repr,
)
def test_a_truth_value_however_rendered(value: Any, sent: bool) -> None:
    assert body(propagate_tags=value) == {"propagateTags": sent}


@pytest.mark.parametrize("none", ["None", " None", "None\n"], ids=repr)
def test_white_space_around_none_hides_it_from_nobody(none: str) -> None:
    said = "is the text 'None': check the template or script that sets it; no value was found"
    assert problem(array_size=none) == f"array_size: {said}"
    assert problem(share_identifier=none) == f"share_identifier: {said}"
    assert problem(tags=none) == f"tags: {said}"


@pytest.mark.parametrize("value", ["", "None", "{{ x }}", 2, "2", [], 1.5], ids=repr)
def test_what_is_no_truth_value_is_a_problem(value: Any) -> None:
    assert problem(propagate_tags=value).endswith("is not a truth value: use true or false")


def test_a_flag_of_the_shells_is_read_by_the_same_rules() -> None:
    assert read_flag("True", "dry_run") is True
    assert read_flag(0, "dry_run") is False
    with pytest.raises(InvalidRequest, match=r"^dry_run: 'maybe' is not a truth value"):
        read_flag("maybe", "dry_run")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), (30.5, 30.5), (30, 30.0), ("30", 30.0), (timedelta(minutes=1), 60.0)],
    ids=repr,
)
def test_a_span_of_time_is_seconds_or_a_timedelta(value: Any, expected: float | None) -> None:
    assert read_seconds(value, "wait_timeout") == expected


@pytest.mark.parametrize("value", [0, -1.5, timedelta(seconds=-1)], ids=repr)
def test_a_wait_without_time_is_a_problem(value: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"^wait_timeout: must be greater than 0 s"):
        read_seconds(value, "wait_timeout")


def test_what_is_no_span_of_time_is_a_problem() -> None:
    with pytest.raises(InvalidRequest, match=r"^wait_timeout: .*soon"):
        read_seconds("soon", "wait_timeout")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, set()), (99, {99}), ("99", {99}), ([1, "2", 2], {1, 2})],
    ids=repr,
)
def test_an_exit_code_or_several(value: Any, expected: set[int]) -> None:
    assert read_exit_codes(value, "skip_on_exit_code") == expected


def test_what_is_no_exit_code_is_a_problem() -> None:
    with pytest.raises(InvalidRequest, match=r"^skip_on_exit_code: .*none"):
        read_exit_codes([1, "none"], "skip_on_exit_code")


# --- Share identifier ----------------------------------------------------------------------------


@pytest.mark.parametrize("share", ["A", "A" * 255, "A1*", 10], ids=str)
def test_a_share_identifier(share: Any) -> None:
    assert make(share_identifier=share).share_identifier == str(share)
    assert make(share_identifier=share).warnings == ()


@pytest.mark.parametrize("share", ["A-1", "A_1*"])
def test_what_the_service_takes_and_the_text_does_not_mention_is_suspicious(share: str) -> None:
    request = make(share_identifier=share)
    assert request.share_identifier == share
    assert request.warnings[0].startswith(f"`share_identifier` {share}: AWS documents letters")


@pytest.mark.parametrize("share", ["A" * 256, "A*1", "A 1", "A/1", "", "日"])
def test_what_is_no_share_identifier_is_a_problem(share: str) -> None:
    assert problem(share_identifier=share).startswith("share_identifier: ")


# --- Retries -------------------------------------------------------------------------------------

CATCH_ALL = {"onReason": "*", "action": "EXIT"}


def rules(*entries: object) -> dict[str, Any]:
    return {"attempts": 2, "evaluateOnExit": list(entries)}


@pytest.mark.parametrize(
    "rule",
    [
        {"onExitCode": "1*", "action": "RETRY"},
        {"onReason": "x" * 512, "action": "EXIT"},
        {"onStatusReason": "Task failed: a.b\t*", "onExitCode": "137", "action": "EXIT"},
    ],
    ids=lambda rule: str(rule)[:40],
)
def test_a_retry_rule_goes_out_as_it_came_in(rule: dict[str, str]) -> None:
    strategy = rules(rule, CATCH_ALL)
    request = make(retry_strategy=strategy)
    assert request.to_submit_job()["retryStrategy"] == strategy
    assert request.warnings == ()


def test_a_retry_strategy_may_be_json_with_numbers_and_any_case() -> None:
    given = '{"attempts": "3", "evaluateOnExit": [{"onExitCode": 1, "action": "retry"}]}'
    assert body(retry_strategy=given)["retryStrategy"] == {
        "attempts": 3,
        "evaluateOnExit": [{"onExitCode": "1", "action": "RETRY"}],
    }


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (
            {"evaluateOnExit": [CATCH_ALL]},
            ".attempts: is missing, but evaluateOnExit needs attempts: use 1 to 10",
        ),
        ({"attempts": 11}, ".attempts: 11 is outside 1 to 10: use 10"),
        ({"attempts": 1, "retries": 1}, ".retries: is not a member of the API"),
        (rules(*[CATCH_ALL] * 6), ".evaluateOnExit: has 6 entries; AWS accepts at most 5"),
        (rules({"action": "EXIT"}), ".evaluateOnExit[0]: has no condition: add one of onStatus"),
        (rules({"onReason": "*"}), ".evaluateOnExit[0].action: must be RETRY or EXIT, not None"),
        (
            rules({"onReason": "*", "action": "STOP"}),
            ".evaluateOnExit[0].action: must be RETRY or EXIT, not 'STOP'",
        ),
        (
            rules({"onReason": "*", "action": "\ud800"}),
            r".evaluateOnExit[0].action: must be RETRY or EXIT, not '\ud800'",
        ),
        (
            rules({"onReason": "x" * 513, "action": "EXIT"}),
            f".evaluateOnExit[0].onReason: '{'x' * 59}… is not a valid pattern: at most 512",
        ),
        (
            rules({"onExitCode": "x", "action": "EXIT"}),
            ".evaluateOnExit[0].onExitCode: 'x' is not a valid pattern: at most 512 characters",
        ),
        (rules({"onReason": "", "action": "EXIT"}), ".evaluateOnExit[0].onReason: is empty"),
        (rules("EXIT"), ".evaluateOnExit[0]: line 1, column 1: not valid JSON"),
        (rules({"onReason": "*", "action": "EXIT", "x": 1}), ".evaluateOnExit[0].x: is not a"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_no_retry_strategy_is_a_problem(strategy: Any, message: str) -> None:
    assert str(problems(retry_strategy=strategy)[0]).startswith(f"retry_strategy{message}")


def test_five_rules_are_legal() -> None:
    assert make(retry_strategy=rules(*[CATCH_ALL] * 5))


@pytest.mark.parametrize(
    "last",
    [
        {"onReason": "Spot*", "action": "RETRY"},
        {"onReason": "*", "onExitCode": "1", "action": "EXIT"},
    ],
    ids=["a pattern", "one condition of two matches all"],
)
def test_rules_that_do_not_match_every_end_are_suspicious(last: dict[str, str]) -> None:
    (warning,) = make(retry_strategy=rules(last)).warnings
    assert "AWS Batch retries a job if no entry matches" in warning


def test_spot_retries_retry_reclaims_and_nothing_else() -> None:
    strategy = body(spot_retries=2)["retryStrategy"]
    assert strategy["attempts"] == 3
    *reclaims, last = strategy["evaluateOnExit"]
    assert last == CATCH_ALL
    for rule in reclaims:
        (pattern,) = (text for condition, text in rule.items() if condition.startswith("on"))
        assert "Your Spot Task was interrupted.".startswith(pattern.removesuffix("*"))
        assert rule["action"] == "RETRY"


def test_no_spot_retries_is_one_attempt() -> None:
    assert body(spot_retries=0)["retryStrategy"]["attempts"] == 1


def test_spot_retries_and_a_retry_strategy_contradict() -> None:
    assert problem(spot_retries=1, retry_strategy=2) == (
        "spot_retries: is set together with `retry_strategy`: keep one of the two"
    )


# --- Tags ----------------------------------------------------------------------------------------


def many_tags(count: int) -> dict[str, str]:
    return {f"key-{index}": "value" for index in range(count)}


@pytest.mark.parametrize(
    "tags",
    [
        many_tags(50),
        {"k" * 128: "v" * 256},
        {"a": ""},
        {"a+-=._:/@ b": "a+-=._:/@ b"},
        {"部署": "データ"},
        {"awsx": "aws:x"},
    ],
    ids=lambda tags: str(tags)[:30],
)
def test_legal_tags(tags: dict[str, str]) -> None:
    assert body(tags=tags) == {"tags": tags}


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (many_tags(51), "has 51 tags; a job may have at most 50"),
        ({"k" * 129: ""}, f"'{'k' * 59}…: the key must have 1 to 128 characters"),
        ({"": "v"}, "'': the key must have 1 to 128 characters"),
        ({"k": "v" * 257}, "'k': the value must have 0 to 256 characters"),
        ({"k,": "v"}, "'k,': the key may contain only letters, digits, spaces and + -"),
        ({"k": "v\n"}, "'k': the value may contain only letters, digits, spaces and + -"),
        (
            {"aws:k": "v"},
            "'aws:k': keys that start with 'aws:' are reserved for AWS: rename the tag",
        ),
        (
            {"AWS:k": "v"},
            "'AWS:k': keys that start with 'aws:' are reserved for AWS: rename the tag",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_illegal_tags(tags: dict[str, str], message: str) -> None:
    assert problem(tags=tags).startswith(f"tags: {message}")


def test_no_other_sign_and_no_control_character_stands_in_a_tag() -> None:
    for sign in ("!", "#", "$", "%", "&", "*", ";", "<", "?", "[", "~", "\t", "\x1f", "\x85"):
        said = problem(tags={"k": f"a{sign}b"})
        assert "may contain only letters" in said
    assert body(tags={"k": "a\u3000b"}) == {"tags": {"k": "a\u3000b"}}


def test_numbers_become_tags() -> None:
    assert body(tags={"cost": 7}) == {"tags": {"cost": "7"}}


@pytest.mark.parametrize(
    ("users", "ours"),
    [
        (0, EVERY_TAG),
        (46, EVERY_TAG),
        (48, {"submission", "dag"}),
        (49, {"submission"}),
        (50, set()),
    ],
)
def test_our_tags_take_the_room_that_is_left(users: int, ours: set[str]) -> None:
    sent = body(tags=many_tags(users), submission=SUBMISSION).get("tags", {})
    assert len(sent) <= 50
    assert sent.keys() - many_tags(users).keys() == {f"{TAG_PREFIX}{each}" for each in ours}
    assert many_tags(users).items() <= sent.items()


def test_where_tags_are_propagated_only_the_one_that_a_retry_needs_is_added() -> None:
    """The job definition's tags count towards the limit as well, beyond which the job fails."""
    request = make(propagate_tags=True, tags={"team": "data"}, submission=SUBMISSION)
    assert request.to_submit_job()["tags"] == {"team": "data", **SUBMISSION.tags(room=1)}


@pytest.mark.parametrize(("users", "warned"), [(49, False), (50, True)])
def test_no_room_for_the_submission_is_suspicious(users: int, warned: bool) -> None:
    assert bool(make(tags=many_tags(users)).warnings) == warned


def test_a_request_identified_later_keeps_its_name() -> None:
    request = make(job_name="n").identified_by(SUBMISSION)
    assert request.job_name == "n"
    assert request.to_submit_job()["tags"] == SUBMISSION.tags(room=50)


@pytest.mark.parametrize(("version", "warned"), [("1.3.0", True), ("1.4.0", False)])
def test_a_platform_version_that_starts_nothing_any_more_is_suspicious(
    version: str, warned: bool
) -> None:
    assert bool(make(platform_version=version).warnings) == warned


# --- Other members -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (
            "quotaShareName",
            "belongs to SubmitServiceJob (SageMaker training jobs), not to SubmitJob: remove the "
            "member",
        ),
        (
            "clientToken",
            "belongs to SubmitServiceJob (SageMaker training jobs), not to SubmitJob: remove the "
            "member",
        ),
        ("ecsPropertyOverride", "is not a member of SubmitJob: use `ecs_properties_override`"),
        ("timeouts", "is not a member of SubmitJob: use `job_timeout`"),
        ("ArrayProperties", "is not a member of SubmitJob: use `array_size`"),
        ("depends_on", "is not a member of SubmitJob: use `depends_on`"),
        (
            "jobColour",
            "is not a member of SubmitJob: use one of ecsPropertiesOverride, "
            "consumableResourcePropertiesOverride",
        ),
    ],
)
def test_what_is_no_member_of_submit_job_is_refused_with_the_nearest(
    member: str, said: str
) -> None:
    assert problem(extra_submit_args={member: "x"}) == f"extra_submit_args.{member}: {said}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"depends_on": [{"jobID": "a"}]}, "jobID: is not a member of the API: use jobId"),
        ({"retry_strategy": {"attempt": 1, "attempts": 1}}, "attempt: is not a member of the API"),
        ({"environment": [{"Name": "A", "name": "A", "value": "1"}]}, "use name"),
        (
            {"container_overrides": {"resource_requirements": []}},
            "resource_requirements: is not a member of the API: use resourceRequirements",
        ),
        ({"container_overrides": {"gpu": 1}}, "use one of command, environment, resourceRequ"),
    ],
    ids=str,
)
def test_a_misspelt_member_inside_is_refused_with_the_nearest(
    arguments: dict[str, Any], said: str
) -> None:
    assert said in str(problems(**arguments)[0])


def test_a_million_unknown_members_are_refused_in_seconds() -> None:
    started = process_time()
    assert len(problems(container_overrides={f"comand{n}": 1 for n in range(10**5)})) == 10**5
    assert process_time() - started < 30


@pytest.mark.parametrize(
    ("member", "argument"),
    [
        ("jobName", "job_name"),
        ("jobQueue", "job_queue"),
        ("jobDefinition", "job_definition"),
        ("shareIdentifier", "share_identifier"),
        ("schedulingPriorityOverride", "scheduling_priority"),
        ("schedulingPriority", "scheduling_priority"),
        ("arrayProperties", "array_size"),
        ("dependsOn", "depends_on"),
        ("parameters", "parameters"),
        ("containerOverrides", "container_overrides"),
        ("retryStrategy", "retry_strategy"),
        ("propagateTags", "propagate_tags"),
        ("timeout", "job_timeout"),
        ("tags", "tags"),
    ],
)
def test_a_member_with_an_argument_of_its_own_is_refused(member: str, argument: str) -> None:
    assert problem(extra_submit_args={member: 1}) == (
        f"extra_submit_args.{member}: has its own argument: use `{argument}`"
    )


@pytest.mark.parametrize("member", ["nodeOverrides", "eksPropertiesOverride"])
def test_a_member_for_other_platforms_is_refused(member: str) -> None:
    said = problem(extra_submit_args={member: {}})
    assert said.startswith(f"extra_submit_args.{member}: is not applicable for Fargate: ")


def ecs(*containers: object, **more: Any) -> dict[str, Any]:
    return {"ecsPropertiesOverride": {"taskProperties": [{"containers": containers, **more}]}}


def test_containers_of_an_ecs_definition_are_overridden_by_name() -> None:
    sent = body(
        extra_submit_args=ecs(
            {"name": "app", "environment": {"A": 1}, "command": ["run"]},
            {"name": "log", "resourceRequirements": [{"type": "VCPU", "value": 0.5}]},
        )
    )
    assert sent["ecsPropertiesOverride"]["taskProperties"] == [
        {
            "containers": [
                {"name": "app", "command": ["run"], "environment": [{"name": "A", "value": "1"}]},
                {"name": "log", "resourceRequirements": [{"type": "VCPU", "value": "0.5"}]},
            ]
        }
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (ecs({"name": " "}), ".taskProperties[0].containers[0].name: is empty"),
        (ecs(volumes=[]), ".taskProperties[0].volumes: is not a member of the API"),
        (
            ecs({"name": "a", "command": [""]}),
            ".taskProperties[0].containers[0].command[0]: is empty, and AWS Batch refuses",
        ),
        (
            {"ecsPropertiesOverride": {"taskProperties": [{"containers": []}] * 2}},
            ".taskProperties: has 2 elements; AWS Batch accepts one",
        ),
        ({"ecsPropertiesOverride": {}}, ".taskProperties: must be a list, not None"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_no_ecs_override_is_a_problem(given: Any, message: str) -> None:
    assert str(problems(extra_submit_args=given)[0]).startswith(
        f"extra_submit_args.ecsPropertiesOverride{message}"
    )


def test_a_container_of_an_ecs_definition_needs_no_name() -> None:
    """AWS's model requires none."""
    extra = ecs({"command": ["run"]}, {"name": None, "environment": {"A": "1"}})
    [task] = body(extra_submit_args=extra)["ecsPropertiesOverride"]["taskProperties"]
    assert task["containers"] == [
        {"command": ["run"]},
        {"environment": [{"name": "A", "value": "1"}]},
    ]
    with pytest.raises(InvalidRequest, match="them in 'containers\\[0\\]'"):
        make(extra_submit_args=ecs({"command": ["x" * 9000]}))


def test_both_kinds_of_overrides_in_a_body_are_suspicious() -> None:
    both = {"containerOverrides": {"command": ["ls"]}, **ecs({"name": "app", "command": ["run"]})}
    request = JobRequest.from_submit_job(
        {"jobName": "j", "jobQueue": "q", "jobDefinition": "d"} | both
    )
    assert len(request.warnings) == 1
    written: Any = request.to_submit_job()
    assert {member: written[member] for member in both} == {
        "containerOverrides": {"command": ["ls"]},
        "ecsPropertiesOverride": {
            "taskProperties": [{"containers": [{"name": "app", "command": ["run"]}]}]
        },
    }


@pytest.mark.parametrize("value", ["0", -1, "-0.25"])
@pytest.mark.parametrize("kind", ["VCPU", "MEMORY"])
def test_a_container_of_an_ecs_task_needs_more_than_nothing(kind: str, value: object) -> None:
    container = {"name": "main", "resourceRequirements": [{"type": kind, "value": value}]}
    said = problem(extra_submit_args=ecs(container))
    assert said.endswith(f"containers[0].resourceRequirements: must be greater than 0, not {value}")


def consumable(count: int, **more: Any) -> dict[str, Any]:
    entries = [{"consumableResource": f"r{index}", "quantity": 1} for index in range(count)]
    listed = {"consumableResourceList": entries + ([more] if more else [])}
    return {"consumableResourcePropertiesOverride": listed}


def test_five_consumable_resources_are_legal_and_more_are_not() -> None:
    assert body(extra_submit_args=consumable(5)) == consumable(5)
    assert problem(extra_submit_args=consumable(6)).endswith("has 6 entries; AWS accepts at most 5")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"consumableResource": "r0", "quantity": 1},
            ": 'r0' is listed twice: keep one of the two",
        ),
        ({"consumableResource": "r1"}, ".quantity: is missing"),
        ({"quantity": 1}, ".consumableResource: is missing"),
        ({"consumableResource": "r1", "quantity": 1, "x": 1}, ".x: is not a member of the API"),
    ],
    ids=str,
)
def test_a_consumable_resource_has_a_name_and_a_quantity(entry: Any, message: str) -> None:
    said = problem(extra_submit_args=consumable(1, **entry))
    assert f"consumableResourceList[1]{message}" in said


def test_the_name_of_a_consumable_resource_is_shown_shortened() -> None:
    entry = {"consumableResource": "r" * 1000, "quantity": 1}
    listed = {"consumableResourceList": [entry, entry]}
    said = problem(extra_submit_args={"consumableResourcePropertiesOverride": listed})
    assert "… is listed twice" in said
    assert len(said) < 250


# --- Numbers that Python refuses to write --------------------------------------------------------


@pytest.mark.parametrize(
    "of",
    [
        pytest.param(lambda huge: {"propagate_tags": huge}, id="truth value"),
        pytest.param(lambda huge: {"job_name": huge}, id="text"),
        pytest.param(lambda huge: {"array_size": huge}, id="whole number"),
        pytest.param(lambda huge: {"tags": {"a": huge}}, id="content"),
        pytest.param(lambda huge: {"tags": {huge: "a"}}, id="key"),
        pytest.param(lambda huge: {"size_policy": huge}, id="policy"),
        pytest.param(
            lambda huge: {"retry_strategy": rules({"onReason": "*", "action": huge})}, id="action"
        ),
        pytest.param(
            lambda huge: {"container_overrides": {"resourceRequirements": [{"type": huge}]}},
            id="type",
        ),
        pytest.param(
            lambda huge: {
                "extra_submit_args": ecs(
                    {"name": "a", "resourceRequirements": [{"type": "VCPU", "value": huge}]}
                )
            },
            id="container of an ECS task",
        ),
    ],
)
def test_a_number_of_thousands_of_digits_is_a_problem(
    of: Callable[[int], dict[str, Any]],
) -> None:
    assert len(str(problems(**of(10**5000))[0])) < 400
