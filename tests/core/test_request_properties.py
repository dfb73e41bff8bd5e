"""Whatever arguments come in: a body within every limit, or ``InvalidRequest``; nothing else."""

import json
import pickle
import re
import string
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

from botocore.session import get_session
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_fargate_batch.core.fargate import SIZES
from airflow_fargate_batch.core.literals import problems_before_rendering
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.request import Arguments, ItemsText, JobRequest, JsonFile
from airflow_fargate_batch.exceptions import InvalidRequest
from tests.core.making import WHERE

CANARY = "c4n4ry"
SUBMIT_JOB = get_session().get_service_model("batch").shape_for("SubmitJobRequest")
NAMES = tuple(Arguments.__dataclass_fields__)

# --- What comes in -------------------------------------------------------------------------------

odd_texts = st.sampled_from(
    [
        "",
        " ",
        "None",
        "nan",
        "-1",
        "0",
        "1e999",
        "9" * 5000,
        "{{ x }}",
        "{% x %}",
        "{",
        "[",
        "[[",
        "{'a': 1}",
        '{"a": NaN}',
        '["a", "b"]',
        '{"type": "SEQUENTIAL"}',
        "a,b,,c",
        "\0",
        "\ud800",
        "\x1b[31m",
        "é\u202e日",
        "x" * 9000,
        "dry-run:x",
        "aws:x",
        "AWS_BATCH_X",
        "4 GB",
        "round_up",
    ]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([30, 5000]).map(lambda digits: 10**digits)
    | st.floats()
    | st.decimals()
    | st.sampled_from([Decimal("sNaN"), Decimal("1e999999"), Decimal("-9.9e-999999")])
    | st.text(st.characters(codec=None), max_size=20)
    | odd_texts
    | st.binary(max_size=5)
    | st.dates()
    | st.datetimes()
    | st.timedeltas()
    | st.builds(object)
)
# fmt: off
api_words = st.sampled_from([
    "name", "value", "type", "jobId", "attempts", "evaluateOnExit", "onReason", "onExitCode",
    "action", "command", "environment", "resourceRequirements", "vcpus", "VCPU", "MEMORY",
    "N_TO_N", "ecsPropertiesOverride", "taskProperties", "containers",
    "consumableResourcePropertiesOverride", "consumableResourceList", "consumableResource",
    "quantity",
])
# fmt: on
keys = api_words | st.text(max_size=5) | odd_texts | st.integers() | st.none()
junk = st.recursive(
    scalars | api_words,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=4)
        | st.builds(iter, st.lists(inner, max_size=3))
    ),
    max_leaves=12,
)
files = st.builds(JsonFile, st.text(max_size=5), st.none() | odd_texts | st.just('{"a": 1}'))

words = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=20)
texts = st.text(max_size=30) | st.integers() | st.booleans() | st.dates()
numbers = st.integers(0, 40).map(lambda number: number * 512)
environments = st.dictionaries(words, texts, max_size=5)
conditions = st.fixed_dictionaries(
    {"action": st.sampled_from(["RETRY", "exit"])},
    optional={
        "onReason": st.sampled_from(["*", "Spot*"]),
        "onExitCode": st.sampled_from([1, "1*"]),
    },
)
resources = st.fixed_dictionaries(
    {"type": st.sampled_from(["VCPU", "MEMORY"]), "value": st.sampled_from([1, 2, 2048, 4096])}
)
containers = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["main", "side", "log"]),
        "command": st.lists(words, max_size=2),
        "environment": environments,
        "resourceRequirements": st.lists(resources, max_size=2),
    },
)
plausible: dict[str, st.SearchStrategy[Any]] = {
    "job_queue": words | st.just("arn:aws:batch:r:1:job-queue/q"),
    "job_definition": words | words.map(lambda name: f"{name}:1"),
    "job_name": words | st.integers(0),
    "job_name_prefix": st.text(max_size=200),
    "vcpu": st.sampled_from([".25", 0.5, 1, "2", Decimal("4.0"), 8, 16, 32, 3]),
    "memory": st.sampled_from(["0.5 GB", 512, 2048, "4 GB", 8192.0, "16384", 61440, 4000])
    | numbers,
    "size_policy": st.sampled_from(["strict", "round_up", "round_up", None]),
    "command": st.lists(texts, max_size=4) | st.just('["echo", "Ref::p"]'),
    "environment": environments,
    "parameters": environments,
    "parameters_file": st.just(JsonFile("p.json", '{"p": "1"}')),
    "container_overrides": st.fixed_dictionaries(
        {}, optional={"command": st.lists(words, max_size=2), "environment": environments}
    ),
    "container_overrides_file": st.just(
        JsonFile("o.json", '{"resourceRequirements": [{"type": "VCPU", "value": "1"}]}')
    ),
    "container": st.sampled_from(["main", "side"]),
    "ecs_properties_override": st.lists(containers, max_size=3).map(
        lambda listed: {"taskProperties": [{"containers": listed}]}
    ),
    "out_of_memory": st.sampled_from(["grow", "shrink"]),
    "max_memory": st.sampled_from([4096, "8 GB", 1]),
    "fallback_job_queue": words,
    "share_identifier": words,
    "scheduling_priority": st.integers(-1, 10_000),
    "depends_on": st.lists(words | st.fixed_dictionaries({"jobId": words}), max_size=21)
    | st.just({"type": "SEQUENTIAL"})
    | words.map(lambda word: f"{word},other"),
    "ignore_missing_dependencies": st.sampled_from([True, "false"]),
    "array_size": st.integers(0, 5) | st.integers(9_999, 10_001),
    "items": st.lists(texts | st.lists(texts, max_size=2), max_size=4)
    | st.builds(ItemsText, st.just("i.jsonl"), st.sampled_from(['"a"\n{"b": 1}\n', "x\ny", None])),
    "items_per_child": st.integers(0, 3),
    "items_location": st.sampled_from(["s3://bucket/prefix", "s3://bucket", "bucket"]),
    "retry_strategy": st.integers(0, 11)
    | st.fixed_dictionaries(
        {"attempts": st.integers(1, 10)},
        optional={"evaluateOnExit": st.lists(conditions, max_size=6)},
    ),
    "spot_retries": st.integers(0, 9),
    "job_timeout": st.integers(59, 10**7) | st.timedeltas(timedelta(0), timedelta(days=20)),
    "tags": st.dictionaries(words, words | st.integers(), max_size=55),
    "propagate_tags": st.sampled_from([True, "false", 1]),
    "platform_version": st.sampled_from(["LATEST", "1.4.0", "1.3.0"]),
    "awslogs_index": st.integers(0, 5),
    "consumable_resources": st.dictionaries(words, st.integers(0, 9), max_size=6),
    "extra_submit_args": st.just({}),
}
submissions = st.none() | st.builds(
    Submission.of_task,
    dag_id=st.text(max_size=300),
    run_id=st.text(max_size=300),
    task_id=st.text(max_size=300),
    map_index=st.integers(-1, 9999),
    generation=st.integers(0, 99),
)
REQUIRED = ("job_queue", "job_definition")
mostly_legal = st.fixed_dictionaries(
    {name: plausible[name] for name in REQUIRED},
    optional={name: plausible[name] for name in NAMES if name not in REQUIRED},
)
with_one_oddity = st.tuples(
    st.just(WHERE) | mostly_legal,
    st.sampled_from(NAMES).flatmap(lambda name: st.tuples(st.just(name), junk | files)),
).map(lambda pair: pair[0] | dict([pair[1]]))
all_odd = st.dictionaries(st.sampled_from(NAMES), junk | files)
with_secrets = st.fixed_dictionaries(
    {
        "environment": st.dictionaries(words, st.just(CANARY), max_size=3)
        | st.just([{"name": "A", "value": CANARY}]),
        "parameters": st.dictionaries(words, st.just(CANARY), max_size=3),
        "command": st.just(["--password", CANARY]),
    },
    optional={name: junk for name in NAMES if name not in {"environment", "parameters", "command"}},
)

# --- What may come out ---------------------------------------------------------------------------


def check_body(said: dict[str, Any]) -> None:
    """Hold a body against the documented limits, written down a second time."""
    report = ParamValidator().validate(said, SUBMIT_JOB)
    assert not report.has_errors(), report.generate_report()
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", said["jobName"])
    assert said["jobQueue"]
    assert said["jobDefinition"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{0,255}\*?", said.get("shareIdentifier", ""))
    assert 0 <= said.get("schedulingPriorityOverride", 0) <= 9999
    is_array = "arrayProperties" in said
    assert 2 <= said.get("arrayProperties", {"size": 2})["size"] <= 10_000
    dependencies = said.get("dependsOn", [])
    assert len(dependencies) <= 20
    for dependency in dependencies:
        assert is_array or "type" not in dependency
        assert ("jobId" in dependency) == (dependency.get("type") != "SEQUENTIAL")
    check_retries(said.get("retryStrategy", {"attempts": 1}))
    assert said.get("timeout", {"attemptDurationSeconds": 60})["attemptDurationSeconds"] >= 60
    tags = said.get("tags", {})
    assert len(tags) <= 50
    assert all(1 <= len(key) <= 128 and len(tags[key]) <= 256 for key in tags)
    assert not any(key.lower().startswith("aws:") for key in tags)
    check_overrides(said.get("containerOverrides", {}))
    check_containers(said.get("ecsPropertiesOverride", {"taskProperties": [{"containers": []}]}))
    listed = said.get("consumableResourcePropertiesOverride", {"consumableResourceList": []})
    quantities = [each["quantity"] for each in listed["consumableResourceList"]]
    assert len(quantities) <= 5
    assert all(quantity >= 1 for quantity in quantities)
    assert len(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()) < 30 * 1024


def check_retries(strategy: dict[str, Any]) -> None:
    assert 1 <= strategy["attempts"] <= 10
    rules = strategy.get("evaluateOnExit", [])
    assert len(rules) <= 5
    for rule in rules:
        assert rule["action"] in {"RETRY", "EXIT"}
        assert 2 <= len(rule) <= 4


def check_containers(overrides: dict[str, Any]) -> None:
    [task] = overrides["taskProperties"]
    names = [each["name"] for each in task["containers"] if "name" in each]
    assert len(names) == len(set(names))
    sizes = [size_of(each) for each in task["containers"]]
    if len(sizes) == 1:
        check_overrides(task["containers"][0])
    elif sizes and all(len(size) == 2 for size in sizes):
        vcpu = sum(Decimal(size["VCPU"]) for size in sizes)
        assert (vcpu, sum(int(size["MEMORY"]) for size in sizes)) in SIZES


def size_of(overrides: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: each["value"] for each in overrides.get("resourceRequirements", [])}


def check_overrides(overrides: dict[str, Any]) -> None:
    assert "" not in overrides.get("command", [])
    names = [each["name"] for each in overrides.get("environment", [])]
    assert len(names) == len(set(names))
    assert not any(name.startswith("AWS_BATCH") or not name for name in names)
    sizes = {each["type"]: each["value"] for each in overrides.get("resourceRequirements", [])}
    assert sizes.keys() <= {"VCPU", "MEMORY"}
    pairs = {(str(vcpu), str(memory)) for vcpu, memory in SIZES}
    assert any(
        sizes.get("VCPU", vcpu) == vcpu and sizes.get("MEMORY", memory) == memory
        for vcpu, memory in pairs
    )
    parts = {key: overrides.get(key, []) for key in ("command", "environment")}
    assert len(json.dumps(parts, ensure_ascii=False, separators=(",", ":"))) <= 8192


def refusal_of(arguments: dict[str, Any], **more: Any) -> tuple[JobRequest | None, str]:
    """Return the request, or in which words it was refused."""
    try:
        return JobRequest.from_arguments(**arguments, **more), ""
    except InvalidRequest as error:
        check_refusal(error)
        return None, f"{error} {error!r}"


def check_refusal(error: InvalidRequest) -> None:
    assert error.problems
    assert len(str(error).encode()) < 1000 * min(len(error.problems), 21)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own
    assert error.__context__ is None


def outcome_of(arguments: dict[str, Any], **more: Any) -> str:
    request, _ = refusal_of(arguments, **more)
    if request is None:
        return "refused"
    check_body(dict(request.to_submit_job()))
    return "body"


# --- The properties ------------------------------------------------------------------------------


def test_mostly_legal_arguments_make_a_body_within_every_limit_or_are_refused() -> None:
    outcomes: Counter[str] = Counter()

    @settings(max_examples=120, deadline=None)
    @given(mostly_legal, submissions)
    def hold(arguments: dict[str, Any], submission: Submission | None) -> None:
        outcomes[outcome_of(arguments, submission=submission)] += 1

    hold()
    assert set(outcomes) == {"body", "refused"}


def test_one_odd_argument_among_legal_ones_never_makes_another_exception() -> None:
    outcomes: Counter[str] = Counter()

    @settings(max_examples=150, deadline=None)
    @given(with_one_oddity, st.booleans())
    def hold(arguments: dict[str, Any], dry_run: bool) -> None:
        outcomes[outcome_of(arguments, dry_run=dry_run)] += 1

    hold()
    assert set(outcomes) == {"body", "refused"}


@settings(max_examples=150, deadline=None)
@given(all_odd)
def test_odd_arguments_never_make_another_exception(arguments: dict[str, Any]) -> None:
    outcome_of(arguments)


@settings(max_examples=80, deadline=None)
@given(all_odd | with_one_oddity)
def test_the_check_before_rendering_never_makes_an_exception(arguments: dict[str, Any]) -> None:
    assert isinstance(problems_before_rendering(arguments), list)


@settings(max_examples=60, deadline=None)
@given(with_secrets)
def test_no_message_quotes_a_command_an_environment_value_or_a_parameter(
    arguments: dict[str, Any],
) -> None:
    request, refusal = refusal_of(arguments)
    assert CANARY not in refusal + repr(request)


def test_nesting_of_any_depth_is_read_or_refused() -> None:
    for depth in (10, 100, *range(900, 1010, 3), 10_000):
        nested: Any = "x"
        for _ in range(depth):
            nested = [nested]
        for name in NAMES:
            outcome_of(WHERE | {name: nested})
        outcome_of(WHERE | {"extra_submit_args": {"x": nested}})
        outcome_of(WHERE | {"environment": {"x": nested}})


def test_every_argument_has_a_plausible_strategy() -> None:
    assert plausible.keys() == set(NAMES)
