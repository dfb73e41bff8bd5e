"""Templates in, one request out: what every argument may be made of, and what it becomes."""

import inspect
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch._airflow.compat import AirflowFailException, AirflowSkipException
from airflow_fargate_batch._airflow.import_check import REQUEST_ARGUMENTS
from airflow_fargate_batch.core.naming import SUBMISSION_TAG
from airflow_fargate_batch.core.request import Learning
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from tests.operating import (
    JOB_ID,
    WHERE,
    FakeTaskInstance,
    RecordingHook,
    dag,
    operator,
    rendered,
    submitted,
)

TEMPLATED: dict[str, tuple[Any, Any, str, Any]] = {
    "job_queue": ("{{ x }}", "fast", "jobQueue", "fast"),
    "job_definition": ("{{ x }}:3", "etl", "jobDefinition", "etl:3"),
    "job_name": ("etl-{{ x }}", "20260203", "jobName", "etl-20260203"),
    "vcpu": ("{{ x }}", 0.5, "containerOverrides.resourceRequirements.0.value", "0.5"),
    "memory": ("{{ x }}", "2 GB", "containerOverrides.resourceRequirements.0.value", "2048"),
    "command": (["run", "{{ x }}"], 7, "containerOverrides.command", ["run", "7"]),
    "environment": ({"A": "{{ x }}"}, 7, "containerOverrides.environment.0.value", "7"),
    "parameters": ({"a": "{{ x }}"}, "b", "parameters", {"a": "b"}),
    "container_overrides": (
        {"command": ["{{ x }}"]},
        "run",
        "containerOverrides.command",
        ["run"],
    ),
    "share_identifier": ("{{ x }}", "A1", "shareIdentifier", "A1"),
    "scheduling_priority": ("{{ x }}", 0, "schedulingPriorityOverride", 0),
    "depends_on": ("{{ x }}", "a,b", "dependsOn", [{"jobId": "a"}, {"jobId": "b"}]),
    "array_size": ("{{ x }}", 3, "arrayProperties", {"size": 3}),
    "items": (["{{ x }}"], "a", "containerOverrides.environment.1.value", '"a"'),
    "retry_strategy": ("{{ x }}", 2, "retryStrategy", {"attempts": 2}),
    "spot_retries": ("{{ x }}", 2, "retryStrategy.attempts", 3),
    "job_timeout": ("{{ x }}", 90, "timeout", {"attemptDurationSeconds": 90}),
    "tags": ({"team": "{{ x }}"}, "data", "tags.team", "data"),
    "propagate_tags": ("{{ x }}", False, "propagateTags", False),
    "out_of_memory": ("{{ x }}", "grow", "", Learning(grows=True)),
    "fallback_job_queue": ("{{ x }}", "slow", "", Learning(fallback_job_queue="slow")),
    "ecs_properties_override": (
        {"taskProperties": [{"containers": [{"name": "main", "command": ["{{ x }}"]}]}]},
        "run",
        "ecsPropertiesOverride.taskProperties.0.containers.0.command",
        ["run"],
    ),
    "consumable_resources": (
        {"licence": "{{ x }}"},
        2,
        "consumableResourcePropertiesOverride.consumableResourceList.0.quantity",
        2,
    ),
    "extra_submit_args": (
        {
            "ecsPropertiesOverride": {
                "taskProperties": [{"containers": [{"name": "{{ x }}", "command": ["run"]}]}]
            }
        },
        "main",
        "ecsPropertiesOverride.taskProperties.0.containers.0.name",
        "main",
    ),
}
"""Argument: its value, what its template names, where that ends up (or nowhere, for what is never
sent), and as what."""
ELSEWHERE = {
    "container",
    "job_name_prefix",
    "max_memory",
    "size_policy",
    "platform_version",
    "awslogs_index",
    "items_location",  # in test_operator_items.py
    "items_per_child",
    "ignore_missing_dependencies",
}
FILES = {"parameters_file", "container_overrides_file"}


def member(body: Any, path: str) -> Any:
    for part in path.split("."):
        body = body[int(part)] if part.isdigit() else body[part]
    return body


native = pytest.mark.parametrize("native", [False, True], ids=["as text", "as native objects"])


@native
@pytest.mark.parametrize("argument", TEMPLATED)
def test_every_argument_is_templated(argument: str, native: bool) -> None:
    template, x, path, expected = TEMPLATED[argument]
    request = submitted(operator(native=native, **{argument: template}), x=x)
    said = member(request.to_submit_job(), path) if path else request.learning
    assert said == expected


@native
def test_what_is_no_member_of_the_request_is_templated_too(native: bool) -> None:
    request = submitted(
        operator(
            native=native,
            job_name_prefix="{{ prefix }}",
            vcpu="{{ 1 }}",
            memory=4000,
            size_policy="{{ policy }}",
            platform_version="{{ version }}",
            array_size=3,
            awslogs_index="{{ index }}",
            container="{{ container }}",
            out_of_memory="grow",
            max_memory="{{ most }}",
        ),
        prefix="etl",
        policy="round_up",
        version="1.4.0",
        index=2,
        container="main",
        most="6 GB",
    )
    assert request.job_name.startswith("etl-daily-submit-")
    assert tuple(request.size) == (1, 4096)
    assert request.platform_version == "1.4.0"
    assert request.awslogs_index == 2
    assert [each.name for each in request.containers] == ["main"]
    assert request.learning.max_memory == 6144


def test_no_argument_is_left_out_of_these_tests() -> None:
    assert TEMPLATED.keys() | ELSEWHERE | FILES == set(REQUEST_ARGUMENTS)
    assert set(REQUEST_ARGUMENTS) < set(FargateBatchSubmitOperator.template_fields)


@native
@pytest.mark.parametrize("argument", ["environment", "parameters", "tags", "container_overrides"])
def test_a_template_may_make_the_whole_of_a_mapping(argument: str, native: bool) -> None:
    said = {"environment": {"A": "1"}} if argument == "container_overrides" else {"A": "1"}
    request = submitted(operator(native=native, **{argument: "{{ said | tojson }}"}), said=said)
    environment = argument in {"environment", "container_overrides"}
    assert (request.environment if environment else getattr(request, argument)) == {"A": "1"}


@native
def test_what_merely_ends_in_json_is_not_read_as_a_file(native: bool) -> None:
    request = submitted(
        operator(
            native=native,
            command=["run.py", "in.json"],
            environment={"CONFIG": "s3://bucket/x.json"},
            parameters={"file": "missing.json"},
            tags={"source": "a.json"},
        )
    )
    assert request.command == ("run.py", "in.json")
    assert request.environment == {"CONFIG": "s3://bucket/x.json"}
    assert request.parameters == {"file": "missing.json"}
    assert request.tags == {"source": "a.json"}


# --- What the task is called, and what it is recognised by -------------------------------------


def name_and_mark(**who: Any) -> tuple[str, str]:
    request = submitted(operator(), FakeTaskInstance(**who))
    return request.job_name, request.to_submit_job()["tags"][SUBMISSION_TAG]


def test_a_default_name_says_dag_task_and_map_index_and_ends_in_the_mark() -> None:
    name, mark = name_and_mark(task_id="load", map_index=7)
    assert name == f"fargate-job-daily-load-7-{mark}"


def test_a_long_default_name_keeps_its_mark() -> None:
    name, mark = name_and_mark(task_id="t" * 200)
    assert 120 < len(name) <= 128
    assert name.endswith(f"-{mark}")


def test_a_retry_has_the_name_of_the_first_try() -> None:
    assert name_and_mark(try_number=2) == name_and_mark(try_number=1)


@pytest.mark.parametrize(
    "who",
    [
        {"map_index": 1},
        {"run_id": "manual__2026-02-04"},
        {"task_id": "other"},
        {"dag_id": "weekly"},
        {"max_tries": 3},
    ],
    ids=["map index", "run", "task", "dag", "cleared by a person"],
)
def test_another_submission_has_another_mark(who: dict[str, Any]) -> None:
    assert name_and_mark(**who)[1] != name_and_mark()[1]


@pytest.mark.parametrize(
    ("try_number", "max_tries", "looks"),
    [(1, 2, False), (2, 2, True), (3, 2, True), (4, 5, False), (5, 5, True)],
    ids=["first", "second", "third", "first after a clear", "second after a clear"],
)
def test_any_try_but_the_first_of_its_generation_looks_first(
    try_number: int, max_tries: int, looks: bool
) -> None:
    hook = RecordingHook()
    ti = FakeTaskInstance(try_number=try_number, max_tries=max_tries)
    submitted(operator(retries=2), ti, hook)
    assert hook.looks == [looks]


# --- Queue and definition from elsewhere --------------------------------------------------------


def test_queue_and_definition_come_from_the_connection_then_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_BATCH_JOB_QUEUE", "queue-of-variable")
    monkeypatch.setenv("AWS_BATCH_JOB_DEFINITION", "definition-of-variable")
    nothing: dict[str, Any] = {"job_queue": None, "job_definition": None}
    request = submitted(operator(**nothing), hook=RecordingHook(job_queue="queue-of-connection"))
    assert (request.job_queue, request.job_definition) == (
        "queue-of-connection",
        "definition-of-variable",
    )
    request = submitted(operator(), hook=RecordingHook(job_queue="queue-of-connection"))
    assert request.job_queue == WHERE["job_queue"]


def test_a_queue_that_renders_to_nothing_is_not_taken_from_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_BATCH_JOB_QUEUE", "another")
    with pytest.raises(AirflowFailException, match="job_queue: is empty"):
        submitted(operator(job_queue="{{ '' }}"))


# --- depends_on --------------------------------------------------------------------------------


def chain(make: Any) -> FargateBatchSubmitOperator:
    """Make a task that depends on tasks ``a`` and ``b`` in a way of its own."""
    with dag():
        a = FargateBatchSubmitOperator(task_id="a", **WHERE)
        b = FargateBatchSubmitOperator(task_id="b", **WHERE)
        return FargateBatchSubmitOperator(
            task_id="submit", array_size=2, depends_on=make(a.output, b.output), **WHERE
        )


@pytest.mark.parametrize(
    "make",
    [
        lambda a, b: [a, b],
        lambda a, b: [[a], [[b]]],
        lambda a, b: ({"jobId": a}, b),
        lambda a, b: {"jobId": [a, b]},
        lambda a, b: [{"jobId": a}, [{"jobId": [b]}], a],
    ],
    ids=["list", "lists in lists", "mapping in a tuple", "list in a mapping", "all together"],
)
def test_outputs_nested_anywhere_make_edges_and_resolve(make: Any) -> None:
    task = chain(make)
    assert task.upstream_task_ids == {"a", "b"}
    request = submitted(task, FakeTaskInstance(earlier={"a": "job-a", "b": "job-b"}))
    assert [each.job_id for each in request.depends_on] == ["job-a", "job-b"]


@pytest.mark.parametrize("field", FargateBatchSubmitOperator.template_fields)
def test_the_output_of_a_task_in_any_templated_argument_makes_an_edge(field: str) -> None:
    argument = {"render_only": "dry_run"}.get(field, field)
    with dag():
        first = FargateBatchSubmitOperator(task_id="first", **WHERE)
        arguments = {"deferrable": True, **WHERE, argument: first.output}
        task = FargateBatchSubmitOperator(task_id="submit", **arguments)
    assert task.upstream_task_ids == {"first"}


@pytest.mark.parametrize(
    "make",
    [
        lambda output: {"command": ["run", output]},
        lambda output: {"environment": {"A": "1", "B": output}},
        lambda output: {"environment": [{"name": "A", "value": output}]},
        lambda output: {"container_overrides": {"command": ["run", output]}},
    ],
    ids=["list", "mapping", "list of mappings", "list in a mapping"],
)
def test_an_output_inside_an_argument_makes_an_edge(make: Any) -> None:
    with dag():
        first = FargateBatchSubmitOperator(task_id="first", **WHERE)
        task = FargateBatchSubmitOperator(task_id="submit", **(WHERE | make(first.output)))
    assert task.upstream_task_ids == {"first"}


class Lazy:
    """What the output of a mapped task is: iterable, neither list nor JSON."""

    def __init__(self, *values: str) -> None:
        self._values = values

    def __iter__(self) -> Any:
        return iter(self._values)


def test_a_lazy_sequence_is_read_also_where_it_is_nested() -> None:
    task = chain(lambda a, b: [{"jobId": a, "type": "N_TO_N"}, [b]])
    ti = FakeTaskInstance(earlier={"a": Lazy("1", "2"), "b": Lazy("3")})
    assert [each.to_api() for each in submitted(task, ti).depends_on] == [
        {"jobId": "1", "type": "N_TO_N"},
        {"jobId": "2", "type": "N_TO_N"},
        {"jobId": "3"},
    ]


@pytest.mark.parametrize(
    "make",
    [lambda a, _: a, lambda a, b: [b, a], lambda a, _: {"jobId": a}],
    ids=["alone", "in a list", "in a mapping"],
)
def test_an_output_that_is_not_there_fails_the_task(make: Any) -> None:
    with pytest.raises(AirflowFailException, match=r"depends_on.*None.*pushed no job id"):
        submitted(chain(make), FakeTaskInstance(earlier={"b": "job-b"}))


# --- Arrays, and what is not valid -------------------------------------------------------------


@native
@pytest.mark.parametrize("size", [0, "0", "{{ 0 }}"], ids=repr)
def test_an_array_of_none_skips_the_task(size: object, native: bool) -> None:
    hook = RecordingHook()
    with pytest.raises(AirflowSkipException, match="array_size: is 0"):
        submitted(operator(native=native, array_size=size), hook=hook)
    assert hook.requests == []


def test_an_array_of_one_is_a_plain_job() -> None:
    assert "arrayProperties" not in submitted(operator(array_size="{{ 1 }}")).to_submit_job()


def test_what_is_not_valid_fails_without_retries_and_says_everything() -> None:
    hook = RecordingHook()
    task = operator(vcpu="{{ 1 }}", memory="{{ 4000 }}", job_name="{{ 'my job' }}")
    with pytest.raises(AirflowFailException) as caught:
        submitted(task, hook=hook)
    assert "Nothing was submitted. 2 problems" in str(caught.value)
    assert "memory: 1 vCPU with 4000 MiB is not a Fargate size" in str(caught.value)
    assert "job_name: 'my job' is not a valid job name" in str(caught.value)
    assert hook.requests == []


def test_an_array_of_none_with_a_mistake_beside_it_is_a_mistake() -> None:
    with pytest.raises(AirflowFailException, match="job_name"):
        submitted(operator(array_size="{{ 0 }}", job_name="{{ 'my job' }}"))


def test_a_timeout_may_be_a_timedelta() -> None:
    assert submitted(operator(job_timeout=timedelta(minutes=2))).job_timeout == 120


def test_the_job_id_is_what_the_task_returns() -> None:
    task = operator()
    vars(task)["hook"] = RecordingHook()
    assert task.execute(rendered(task)) == JOB_ID


def test_default_args_of_the_dag_count() -> None:
    with dag(default_args={"job_queue": "queue-of-all", "retries": 3}):
        task = FargateBatchSubmitOperator(task_id="submit", job_definition="d")
    assert submitted(task, FakeTaskInstance(max_tries=3)).job_queue == "queue-of-all"


def test_what_one_mapped_task_gets_is_rendered_like_any_other() -> None:
    with dag():
        mapped = FargateBatchSubmitOperator.partial(
            task_id="submit", environment={"DAY": "{{ ds }}"}, **WHERE
        ).expand(command=[["a"], ["{{ ds }}"]])
    task = mapped.unmap({"command": ["{{ ds }}"]})
    request = submitted(task, FakeTaskInstance(map_index=1))
    assert request.command == ("2026-02-03",)
    assert request.environment == {"DAY": "2026-02-03"}
    assert "-submit-1-" in request.job_name


# --- JSON files --------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the DAG's folder."""
    monkeypatch.setattr(type(operator().dag), "folder", property(lambda _: str(tmp_path)))
    return tmp_path


@native
@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_a_file_s_path_and_content_are_rendered(folder: Path, native: bool, absolute: bool) -> None:
    (folder / "conf-dev.json").write_text('{"day": "{{ ds }}", "stage": "{{ stage }}"}')
    path = f"{folder}/conf-{{{{ stage }}}}.json" if absolute else "conf-{{ stage }}.json"
    request = submitted(operator(native=native, parameters_file=path), stage="dev")
    assert request.parameters == {"day": "2026-02-03", "stage": "dev"}


@native
def test_arguments_win_over_a_file_key_by_key_and_nothing_else_is_lost(
    folder: Path, native: bool
) -> None:
    (folder / "parameters.json").write_text('{"a": "file", "b": "file"}')
    overrides = {
        "command": ["file"],
        "environment": [{"name": "A", "value": "file"}, {"name": "B", "value": "file"}],
        "resourceRequirements": [
            {"type": "VCPU", "value": "1"},
            {"type": "MEMORY", "value": "2048"},
        ],
    }
    (folder / "overrides.json").write_text(json.dumps(overrides))
    request = submitted(
        operator(
            native=native,
            parameters_file="parameters.json",
            parameters={"b": "argument"},
            container_overrides_file="overrides.json",
            container_overrides={"environment": {"B": "overrides"}},
            environment={"C": "argument"},
            memory=4096,
        )
    )
    assert request.parameters == {"a": "file", "b": "argument"}
    assert request.command == ("file",)
    assert request.environment == {"A": "file", "B": "overrides", "C": "argument"}
    assert tuple(request.size) == (1, 4096)


@native
def test_a_file_is_json_also_where_templates_render_to_python_objects(
    folder: Path, native: bool
) -> None:
    (folder / "a.json").write_text(r'{"url": "https:\/\/{{ x }}", "version": "1.10"}')
    request = submitted(operator(native=native, parameters_file="a.json"), x="example.com")
    assert request.parameters == {"url": "https://example.com", "version": "1.10"}


def test_a_file_may_be_in_any_language(folder: Path) -> None:
    (folder / "a.json").write_text('{"city": "京都"}', encoding="utf-8")
    assert submitted(operator(parameters_file="a.json")).parameters == {"city": "京都"}


def test_a_file_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    (folder / "a.json").write_text('{"a": "1"}', encoding="utf-8-sig")
    assert submitted(operator(parameters_file="a.json")).parameters == {"a": "1"}


BAD_FILES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "a.json: cannot be read: No such file or directory (in the DAG's folder, "),
    "malformed": (b'{"a": 1,\n "b" 2}', "a.json, line 2, column 6: not valid JSON"),
    "not UTF-8": (b'{"a": "\xff"}', "a.json: is not UTF-8 text"),
    "a list": (b"[1]", "a.json must contain a JSON object, not a list"),
    "empty": (b"", "a.json, line 1, column 1: not valid JSON"),
    "Python": (b"{'a': 1}", "a.json, line 1, column 2: not valid JSON"),
    "bad Jinja": (b'{"a": "{{ 1 +"}', "a.json: could not be rendered"),
    "unknown name": (b'{"a": "{{ nobody.x }}"}', "a.json: could not be rendered"),
    "an expression that fails": (b'{"a": "{{ 1 // 0 }}"}', "rendered: ZeroDivisionError"),
}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/dev/zero", "/dev/zero: is a device, not a file"),
        ("fifo", "fifo: is a pipe, not a file (in the DAG's folder, "),
        ("large.json", "large.json: is larger than 960 KiB, the maximum"),
    ],
)
def test_a_file_that_never_ends_fails_the_task_at_once(folder: Path, path: str, said: str) -> None:
    os.mkfifo(folder / "fifo")
    (folder / "large.json").write_bytes(b" " * 10**6)
    for argument in FILES:
        with pytest.raises(AirflowFailException) as caught:
            submitted(operator(**dict[str, Any]({argument: path})))
        assert f"{argument}: {said}" in str(caught.value)


@native
@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_fails_the_task_and_says_where(folder: Path, case: str, native: bool) -> None:
    content, said = BAD_FILES[case]
    if content is not None:
        (folder / "a.json").write_bytes(content)
    with pytest.raises(AirflowFailException) as caught:
        submitted(operator(native=native, parameters_file="a.json"))
    assert said in str(caught.value)


def test_a_folder_is_no_file(folder: Path) -> None:
    (folder / "a.json").mkdir()
    with pytest.raises(AirflowFailException, match=r"a\.json: is a directory, not a file"):
        submitted(operator(parameters_file="a.json"))


def test_a_path_that_no_file_can_have_is_a_problem_like_any_other() -> None:
    with pytest.raises(AirflowFailException, match="parameters_file"):
        submitted(operator(parameters_file="a\0b.json"))


def test_what_is_missing_is_told_with_where_it_may_stand() -> None:
    with pytest.raises(AirflowFailException, match=r"service_config.batch, or in AWS_BATCH_JOB_Q"):
        submitted(operator(job_queue=None))


def test_an_editor_and_a_subclass_know_every_argument_by_its_type() -> None:
    arguments = inspect.signature(FargateBatchSubmitOperator.__init__).parameters
    attributes = FargateBatchSubmitOperator.__annotations__
    for name, argument in arguments.items():
        if argument.kind is argument.KEYWORD_ONLY:
            attribute = "render_only" if name == "dry_run" else name
            assert attributes.get(attribute) == argument.annotation, name
