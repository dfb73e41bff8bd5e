"""TaskFlow decorators: what they refuse when a DAG is imported, and the request that they make."""

import ast
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch import decorators
from airflow_fargate_batch._airflow.compat import AirflowFailException
from airflow_fargate_batch._airflow.import_check import REQUEST_ARGUMENTS
from airflow_fargate_batch._airflow.remote_function import arguments_in_worker
from airflow_fargate_batch.core.call_text import CALL_VARIABLE, arguments_of
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.results import MARKER
from airflow_fargate_batch.decorators import fargate_batch_cmd_task, fargate_batch_task
from airflow_fargate_batch.exceptions import FargateBatchError, InvalidRequest, ResultMissing
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from tests.operating import WHERE, FakeTaskInstance, RecordingHook, dag, rendered

TYPES = Path(decorators.__file__).parent / "_airflow" / "decorator_types.py"
SECRET = "hunter2-of-the-task"
decorate: Any = fargate_batch_task
decorate_cmd: Any = fargate_batch_cmd_task


def task_of(decorated: Any, *args: Any, **kwargs: Any) -> Any:
    """Make the only task of a DAG."""
    with dag():
        return decorated(*args, **kwargs).operator


def arguments_of_call(call: Any) -> Any:
    args, kwargs, _ = call
    return [each["value"] for each in args], kwargs


def plain(a: int, b: str = "b", *, ds: Any = None) -> Any:
    return [a, b, ds]


def submitted(task: Any, hook: Any, ti: FakeTaskInstance | None = None, **names: Any) -> Any:
    vars(task)["hook"] = hook
    return task.execute(rendered(task, ti or FakeTaskInstance(task_id=task.task_id), **names))


class DoneHook(RecordingHook):
    """Jobs that succeed at once, and print a result."""

    def __init__(self, line: str = f"{MARKER}7") -> None:
        super().__init__()
        self.line = line

    def wait(self, job_id: str, **_: Any) -> Job:
        return Job.from_api(
            {"jobId": job_id, "status": "SUCCEEDED", "container": {"logStreamName": "stream"}}
        )

    def describe(self, job_ids: list[str]) -> list[Job]:
        return [self.wait(job_id) for job_id in job_ids]

    @property
    def logs(self) -> Any:
        return self

    def get(self, _: Any) -> Any:
        from airflow_fargate_batch.core.log_streams import LogEvent, LogPage

        return LogPage([LogEvent(1, self.line)], "token")


def test_the_function_s_call_is_the_request_and_its_result_the_xcom() -> None:
    decorated = decorate(**WHERE, environment={"OWN": "1"}, deferrable=False)(plain)
    hook, ti = DoneHook(), FakeTaskInstance(task_id="plain")
    task = task_of(decorated, 1, b="{{ ds }}")
    assert submitted(task, hook, ti) == 7
    [request] = hook.requests
    assert request.command[:3] == ("python", "-u", "-c")
    assert request.environment["OWN"] == "1"
    call = arguments_of(request.environment[CALL_VARIABLE])
    assert arguments_of_call(call) == ([1, "2026-02-03"], {"ds": "2026-02-03"})
    assert "result" not in dict(ti.pushed)


def test_a_mapped_function_gets_the_arguments_of_its_index() -> None:
    with dag():
        mapped = decorate(**WHERE)(plain).partial(b="x").expand(a=[1, 2]).operator
    assert mapped.operator_class is decorators.FargateBatchDecoratedOperator


def test_a_retry_or_a_resumed_task_returns_the_result() -> None:
    task = task_of(decorate(**WHERE, deferrable=True)(plain), 1)
    vars(task)["hook"] = hook = DoneHook()
    context = rendered(task, FakeTaskInstance(task_id="plain"))
    event = {"outcome": "ended", "jobs": [hook.wait("id").to_api()], "message": None}
    assert task.execute_complete(context, event, 1) == 7
    assert hook.requests == []


def test_a_job_without_a_result_fails_the_task() -> None:
    task = task_of(decorate(**WHERE, deferrable=False)(plain), 1)
    with pytest.raises(AirflowFailException, match="not valid JSON"):
        submitted(task, DoneHook(f"{MARKER}nonsense"))


def test_a_dry_run_shows_the_call_and_returns_nothing() -> None:
    ti = FakeTaskInstance(task_id="plain")
    task = task_of(decorate(**WHERE, dry_run=True)(plain), 1)
    assert submitted(task, RecordingHook(), ti) is None
    [variable] = dict(ti.pushed)["request"]["containerOverrides"]["environment"]
    call = arguments_of(variable["value"])
    assert arguments_of_call(call) == ([1, "b"], {"ds": "2026-02-03"})


def login(password: str, host: str = "h") -> str:
    return password + host


@pytest.mark.parametrize(
    ("args", "kwargs"), [((SECRET,), {}), ((), {"password": SECRET})], ids=["position", "name"]
)
def test_secret_arguments_are_struck_out_wherever_they_show(args: Any, kwargs: Any) -> None:
    ti = FakeTaskInstance(task_id="login")
    task = task_of(decorate(**WHERE, dry_run=True)(login), *args, **kwargs)
    submitted(task, RecordingHook(), ti)
    assert [*task.op_args, *task.op_kwargs.values()] == ["***"]
    assert SECRET not in json.dumps(ti.pushed)
    [variable] = dict(ti.pushed)["request"]["containerOverrides"]["environment"]
    assert variable == {"name": CALL_VARIABLE, "value": "***"}


def test_a_secret_argument_reaches_the_function() -> None:
    task, hook = task_of(decorate(**WHERE, deferrable=False)(login), SECRET), DoneHook()
    submitted(task, hook)
    call = arguments_of(hook.requests[0].environment[CALL_VARIABLE])
    assert arguments_of_call(call) == ([SECRET, "h"], {})


def test_an_argument_that_is_not_json_submits_nothing() -> None:
    hook = DoneHook()
    task = task_of(decorate(**WHERE)(plain), {1, 2})
    with pytest.raises(AirflowFailException, match=r"Nothing was submitted\. .*a set is not JSON"):
        submitted(task, hook)
    assert hook.requests == []


def test_a_call_that_is_too_long_submits_nothing() -> None:
    hook = DoneHook()
    task = task_of(decorate(**WHERE)(plain), 1, b=str(list(range(9_000))))
    with pytest.raises(AirflowFailException, match="payload_location"):
        submitted(task, hook)
    assert hook.requests == []


AROUND = 1


def uses_a_global() -> int:
    return AROUND


def takes_the_task_instance(ti: Any) -> str:
    return str(ti)


class AnObject:
    """Not a function."""

    __name__ = "callable"

    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (uses_a_global, "global name AROUND.* pass AROUND as an argument"),
        (takes_the_task_instance, "parameter ti is an object of Airflow.*{{ run_id }}"),
        (lambda: 1, "has no source.*def in a file"),
        (AnObject(), "has no source"),
    ],
    ids=["global", "context", "lambda", "object"],
)
@pytest.mark.parametrize("arguments", [{}, WHERE], ids=["bare", "with arguments"])
def test_a_function_that_cannot_work_fails_the_import(
    function: Any, said: str, arguments: Mapping[str, Any]
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        decorate(**arguments)(function) if arguments else decorate(function)


@pytest.mark.parametrize(
    ("decorator", "arguments", "said"),
    [
        (decorate, {"command": ["x"]}, "@task.fargate_batch: remove command: the function runs"),
        (decorate, {"rerun_failed_only": True}, "needs all children"),
        (decorate, {"wait_for_completion": False}, "always waits"),
        (decorate, {"memroy": 3}, "memory"),
        (decorate_cmd, {"command": ["x"]}, "@task.fargate_batch_cmd: remove command"),
        (decorate_cmd, {"memroy": 3}, "memory"),
        (decorate, {"vcpu": 3}, "3 vCPU is not part of any Fargate size"),
        (decorate_cmd, {"vcpu": 1, "memory": 1}, "1 vCPU"),
    ],
)
def test_arguments_that_cannot_work_fail_the_import(
    decorator: Any, arguments: Mapping[str, Any], said: str
) -> None:
    with pytest.raises((TypeError, InvalidRequest), match=said):
        decorator(**arguments)


def takes(a: int, b: int = 2, *rest: int, ds: Any = None, **more: Any) -> None: ...


def takes_names(a: int, ds: Any = None) -> None: ...


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "named"),
    [
        (takes_names, (1,), {}, {"ds": "day"}),
        (takes_names, (), {"a": 1, "ds": "own"}, {"a": 1, "ds": "own"}),
        (takes_names, (1, "own"), {}, {}),
        (takes, (1, 2, 3), {"x": 1}, {"ds": "day", "ts": "time", "x": 1}),
        (takes, (1,), {"b": 5}, {"b": 5, "ds": "day", "ts": "time"}),
    ],
)
def test_a_function_in_the_worker_gets_the_names_of_the_context(
    function: Any, args: Any, kwargs: Any, named: Any
) -> None:
    context: Any = {"ds": "day", "ts": "time"}
    assert arguments_in_worker(function, args, kwargs, context) == named


def words(a: str, ds: str) -> Any:
    return ["echo", a, ds, "{{ ds }}"]


def test_a_returned_list_is_the_command_and_not_rendered_again() -> None:
    hook = RecordingHook()
    task = task_of(decorate_cmd(**WHERE)(words), "{{ 'x' }}")
    job_id = submitted(task, hook)
    assert isinstance(job_id, str)
    assert hook.requests[0].command == ("echo", "x", "2026-02-03", "{{ ds }}")
    assert task.command == ["echo", "x", "2026-02-03", "{{ ds }}"]


def test_a_returned_mapping_is_the_overrides_and_its_secrets_are_hidden() -> None:
    hook = RecordingHook()

    def overrides() -> dict[str, Any]:
        return {"command": ["x"], "environment": [{"name": "PASSWORD", "value": SECRET}]}

    task = task_of(decorate_cmd(**WHERE, vcpu=1, memory=2048)(overrides))
    submitted(task, hook)
    [request] = hook.requests
    assert (request.command, request.environment) == (("x",), {"PASSWORD": SECRET})
    assert request.size.vcpu == 1
    assert SECRET not in str(task.container_overrides)


@pytest.mark.parametrize("returned", [None, [], "echo", 7, {1}])
def test_a_function_that_returns_no_command_submits_nothing(returned: Any) -> None:
    hook = RecordingHook()

    def anything() -> Any:
        return returned

    task = task_of(decorate_cmd(**WHERE)(anything))
    with pytest.raises(AirflowFailException, match="Nothing was submitted"):
        submitted(task, hook)
    assert hook.requests == []


def test_a_resumed_task_does_not_call_the_function_again() -> None:
    calls: list[int] = []

    def counted() -> list[str]:
        calls.append(1)
        return ["x"]

    task = task_of(decorate_cmd(**WHERE, deferrable=True)(counted))
    vars(task)["hook"] = hook = DoneHook()
    event = {"outcome": "ended", "jobs": [hook.wait("id").to_api()], "message": None}
    assert task.execute_complete(rendered(task), event, 1) == "id"
    assert calls == []


# --- result_from_log on the operator ---------------------------------------------------------


def operator(**arguments: Any) -> FargateBatchSubmitOperator:
    with dag():
        return FargateBatchSubmitOperator(task_id="submit", **(WHERE | arguments))


def test_the_result_of_a_container_becomes_an_xcom() -> None:
    ti = FakeTaskInstance()
    task = operator(wait_for_completion=True, deferrable=False, result_from_log=True)
    job_id = submitted(task, DoneHook(f'{MARKER}{{"rows": 3}}'), ti)
    assert dict(ti.pushed)["result"] == {"rows": 3}
    assert isinstance(job_id, str)


def test_without_the_argument_no_log_is_read() -> None:
    ti = FakeTaskInstance()
    submitted(operator(wait_for_completion=True, deferrable=False), DoneHook(), ti)
    assert "result" not in dict(ti.pushed)


def test_a_result_needs_a_task_that_waits() -> None:
    with pytest.raises(InvalidRequest, match="result_from_log: the task does not wait"):
        operator(result_from_log=True)


def test_a_retry_of_a_part_has_no_result_of_the_whole() -> None:
    with pytest.raises(InvalidRequest, match="rerun_failed_only"):
        operator(
            wait_for_completion=True, result_from_log=True, array_size=2, rerun_failed_only=True
        )


def test_a_missing_result_may_be_looked_for_again() -> None:
    task = operator(wait_for_completion=True, deferrable=False, result_from_log=True)
    with pytest.raises(ResultMissing) as caught:
        submitted(task, DoneHook("something else"))
    assert isinstance(caught.value, FargateBatchError)


# --- types -------------------------------------------------------------------------------------


def _typed(name: str) -> dict[str, str]:
    """Return the arguments of a decorator's type, with their annotations."""
    [found] = [
        node
        for node in ast.walk(ast.parse(TYPES.read_text()))
        if isinstance(node, ast.ClassDef) and node.name == name
    ]
    with_arguments = found.body[-1]
    assert isinstance(with_arguments, ast.FunctionDef)
    return {
        each.arg: ast.unparse(each.annotation)
        for each in with_arguments.args.kwonlyargs
        if each.annotation
    }


@pytest.mark.parametrize(
    ("name", "operator_class", "fixed"),
    [
        (
            "FunctionDecorator",
            decorators.FargateBatchDecoratedOperator,
            decorators.FIXED_BY_RESULT,
        ),
        ("CommandDecorator", decorators.FargateBatchCommandDecoratedOperator, decorators.FIXED),
    ],
)
def test_editors_see_the_operator_s_arguments(
    name: str, operator_class: type, fixed: Mapping[str, str]
) -> None:
    def of(function: Callable[..., Any]) -> dict[str, str]:
        [node] = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function))).body
        assert isinstance(node, ast.FunctionDef)
        return {
            each.arg: ast.unparse(each.annotation)
            for each in node.args.kwonlyargs
            if each.annotation
        }

    own: Any = vars(operator_class)["__init__"]
    wanted = of(inspect.unwrap(FargateBatchSubmitOperator.__init__)) | of(inspect.unwrap(own))
    for each in ("python_callable", "op_args", "op_kwargs", *fixed):
        wanted.pop(each, None)
    if name == "FunctionDecorator":
        wanted["multiple_outputs"] = "bool | None"
    assert _typed(name) == wanted


def test_every_argument_of_the_request_is_templated() -> None:
    fields = decorators.FargateBatchDecoratedOperator.template_fields
    assert {*REQUEST_ARGUMENTS, "op_args", "op_kwargs"} <= set(fields)


# --- over HTTP, with the function really run ---------------------------------------------------


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(run_commands=True, speed=20) as aws:
        for name, value in aws.environ.items():
            monkeypatch.setenv(name, value)
        yield aws


def mean(numbers: list[float], digits: int = 2) -> dict[str, Any]:
    import statistics

    print("computing")
    return {"mean": round(statistics.mean(numbers), digits)}


@pytest.mark.usefixtures("aws")
def test_a_function_runs_in_a_job() -> None:
    task = task_of(decorate(**ON_THIS_MACHINE)(mean), [1, 2, 2])
    context = rendered(task, FakeTaskInstance(task_id="mean"))
    assert task.execute(context) == {"mean": 1.67}


def squared(item: int, plus: int = 0) -> int:
    print("squaring", item)
    return item * item + plus


ON_THIS_MACHINE = {
    "job_queue": READY_QUEUE,
    "job_definition": READY_DEFINITION,
    "deferrable": False,
    "aws_conn_id": None,
    "poll_interval": 0.2,
    "awslogs_enabled": False,
}


@pytest.mark.parametrize(
    ("items", "per_child", "jobs"), [([3, 1, 2, 5, 4], 2, 3), ([7], None, 1)], ids=["array", "one"]
)
def test_a_function_is_called_for_each_item_and_the_results_are_a_list(
    aws: LocalBatch, items: list[int], per_child: int | None, jobs: int
) -> None:
    decorated = decorate(**ON_THIS_MACHINE, items=items, items_per_child=per_child)(squared)
    task = task_of(decorated, plus=1)
    context = rendered(task, FakeTaskInstance(task_id="squared"))
    assert task.execute(context) == [item * item + 1 for item in items]
    [job] = aws.jobs
    assert job.get("arrayProperties", {}).get("size", 1) == jobs


def test_many_items_travel_through_s3(aws: LocalBatch) -> None:
    where = {"LocationConstraint": aws.region}
    aws.client("s3").create_bucket(Bucket="lists", CreateBucketConfiguration=where)
    items = [*range(3000)]
    decorated = decorate(
        **ON_THIS_MACHINE, items=items, items_per_child=1000, items_location="s3://lists"
    )(squared)
    task = task_of(decorated)
    context = rendered(task, FakeTaskInstance(task_id="squared"))
    assert task.execute(context) == [item * item for item in items]


def index_of_the_child() -> int:
    import os

    return int(os.environ["AWS_BATCH_JOB_ARRAY_INDEX"])


@pytest.mark.usefixtures("aws")
def test_an_array_returns_a_result_for_each_child() -> None:
    task = task_of(decorate(**ON_THIS_MACHINE, array_size=3)(index_of_the_child))
    context = rendered(task, FakeTaskInstance(task_id="index_of_the_child"))
    assert task.execute(context) == [0, 1, 2]


@pytest.mark.parametrize(
    ("args", "kwargs"), [((1,), {}), ((), {"item": 1})], ids=["position", "name"]
)
def test_the_item_is_not_given_twice(args: Any, kwargs: Any) -> None:
    with pytest.raises(TypeError, match="gets its first argument, item, from items"):
        task_of(decorate(**WHERE, items=[1])(squared), *args, **kwargs)


def test_a_function_without_a_place_for_the_item_fails_the_import() -> None:
    with pytest.raises(InvalidRequest, match="add a first parameter"):
        decorate(**WHERE, items=[1])(index_of_the_child)


def doubled(words: list[str]) -> list[str]:
    return words * 2


def test_long_arguments_and_results_travel_through_s3(aws: LocalBatch) -> None:
    where = {"LocationConstraint": aws.region}
    aws.client("s3").create_bucket(Bucket="payloads", CreateBucketConfiguration=where)
    decorated = decorate(**ON_THIS_MACHINE, payload_location="s3://payloads/{{ ds }}")(doubled)
    words = [f"word {number}" for number in range(20_000)]
    task = task_of(decorated, words)
    context = rendered(task, FakeTaskInstance(task_id="doubled"))
    assert task.execute(context) == words * 2
    listed = aws.client("s3").list_objects_v2(Bucket="payloads")["Contents"]
    kinds = {entry["Key"].rpartition("-")[2] for entry in listed}
    assert kinds == {"call.json", "result.json"}
    assert all(entry["Key"].startswith("2026-02-03/") for entry in listed)


def test_a_location_that_is_none_fails_the_import() -> None:
    with pytest.raises(InvalidRequest, match="payload_location"):
        decorate(payload_location="/x")
