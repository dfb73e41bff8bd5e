"""DAG files of the shapes that people write: each submits the same jobs afterwards."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from airflow_fargate_batch.sensors import FargateBatchJobSensor
from tests.operating import FakeTaskInstance, rendered

pytest.importorskip("libcst", reason="the extra [migrate] is not installed")
DAG = pytest.importorskip("airflow.sdk", reason="the files are of Airflow 3").DAG
from airflow.providers.amazon.aws.operators import batch as theirs  # noqa: E402 - after the skip
from airflow.providers.amazon.aws.sensors.batch import BatchSensor  # noqa: E402 - after the skip

from airflow_fargate_batch.migrating.dag_file import Migrated, migrate  # noqa: E402 - after the skip

DATA = Path(__file__).parents[1] / "data" / "migrate"
OURS = "airflow-fargate-batch:"
PARAMS = {"bucket": "lake", "year": 2024}
THEIR_INTERVAL = 30
"""Default of BatchSensor; ours is every sensor's, 60 s."""
STAYS = "stays_where_it_is"
SHAPES = sorted(path.stem for path in DATA.glob("*.py"))
SAME = [name for name in SHAPES if name != STAYS]


class OlderBatchOperator(theirs.BatchOperator):
    """BatchOperator as older providers had it, with *overrides*."""

    def __init__(self, *, overrides: dict[str, Any] | None = None, **arguments: Any) -> None:
        if overrides is not None:
            arguments["container_overrides"] = overrides
        super().__init__(**arguments)


@pytest.fixture(autouse=True)
def _older_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files of older Airflow and providers be imported."""
    monkeypatch.setattr(theirs, "BatchOperator", OlderBatchOperator)
    monkeypatch.setattr(theirs, "AwsBatchOperator", OlderBatchOperator, raising=False)
    module = ModuleType("airflow.contrib.operators.awsbatch_operator")
    vars(module)["AWSBatchOperator"] = OlderBatchOperator
    for name in ("airflow.contrib", "airflow.contrib.operators"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as aws:
        extra = {"region_name": aws.region, "endpoint_url": aws.url}
        connection = {"conn_type": "aws", "login": "k", "password": "s", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        for name, value in aws.environ.items():
            monkeypatch.setenv(name, value)
        sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
        container = {"image": "x", "essential": True, "resourceRequirements": sizes}
        aws.client("batch", region_name=aws.region).register_job_definition(
            jobDefinitionName="several",
            type="container",
            platformCapabilities=["FARGATE"],
            ecsProperties={
                "taskProperties": [
                    {
                        "executionRoleArn": "arn:aws:iam::000000000000:role/r",
                        "containers": [
                            {"name": "main", **container},
                            {"name": "side", **container},
                        ],
                    }
                ]
            },
        )
        yield aws


@cache
def migrated(name: str) -> Migrated:
    """Return the rewritten file, which several tests read."""
    return migrate((DATA / f"{name}.py").read_bytes())


def tasks(source: str) -> dict[str, Any]:
    """Import a DAG file, and return its tasks by their id."""
    found: dict[str, Any] = {}
    add = DAG.add_task

    def recorded(dag: Any, task: Any) -> None:
        add(dag, task)
        found[task.task_id] = task

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(DAG, "add_task", recorded)
        exec(compile(source, "dag.py", "exec"), {"__name__": "a_dag"})  # noqa: S102 - our own data
    return found


def unmapped(task: Any) -> list[Any]:
    """Return the task, or the tasks that Airflow makes of a mapped task."""
    if not hasattr(task, "partial_kwargs"):
        return [task]
    [(name, values)] = task.expand_input.value.items()
    return [task.unmap({name: value}) for value in values]


def bodies(aws: LocalBatch, task: Any) -> list[dict[str, Any]]:
    """Execute a task without its wait, and return the requests that arrived at AWS."""
    before = len(aws.requests)
    for number, each in enumerate(unmapped(task)):
        ti = FakeTaskInstance(task_id=each.task_id, dag_id=each.dag_id, map_index=number)
        names = {"run_id": ti.run_id, "ds_nodash": "20260203", "ts_nodash": "20260203T00"}
        context = rendered(each, ti, params=PARAMS, **names)
        each.wait_for_completion = each.deferrable = False
        each.execute(context)
    calls = [each for each in aws.requests[before:] if each.operation == "SubmitJob"]
    return [plain(each.parameters) for each in calls]


def plain(body: Any) -> Any:
    """Return a request without our own tags, without empty members, and with lists in order."""
    if isinstance(body, Mapping):
        members = {
            name: plain(value) for name, value in sorted(body.items()) if not name.startswith(OURS)
        }
        return {name: value for name, value in members.items() if value not in ({}, [], None)}
    if isinstance(body, list):
        items = [plain(each) for each in body]
        return sorted(items, key=str) if any("value" in each for each in items) else items
    return body


def waits(task: Any) -> bool:
    """Return whether a task of either operator waits for its job."""
    arguments = task.partial_kwargs if hasattr(task, "partial_kwargs") else vars(task)
    is_theirs = issubclass(getattr(task, "operator_class", type(task)), theirs.BatchOperator)
    given = arguments.get("wait_for_completion", is_theirs or None)
    deferrable = arguments.get("deferrable")
    if is_theirs:
        return bool(given or deferrable)
    return bool(deferrable if given is None else given)


@pytest.mark.parametrize("name", SAME)
def test_each_task_submits_the_same_job_and_waits_as_before(aws: LocalBatch, name: str) -> None:
    done = migrated(name)
    before, after = tasks(done.old), tasks(done.new)
    assert before.keys() == after.keys()
    jobs = 0
    for task_id, old in before.items():
        new = after[task_id]
        if issubclass(getattr(old, "operator_class", type(old)), theirs.BatchOperator):
            jobs += 1
            assert getattr(new, "operator_class", type(new)) is FargateBatchSubmitOperator
            assert waits(new) == waits(old)
            assert (found := bodies(aws, new)) == bodies(aws, old)
            assert found
        elif isinstance(old, BatchSensor):
            assert isinstance(new, FargateBatchJobSensor)
            assert (new.mode, new.timeout) == (old.mode, old.timeout)
            assert old.poke_interval in (new.poke_interval, THEIR_INTERVAL)
            assert new.upstream_task_ids == old.upstream_task_ids
    assert jobs > 0


@pytest.mark.parametrize("name", SHAPES)
def test_a_second_run_changes_nothing(name: str) -> None:
    again = migrate(migrated(name).data)
    assert (again.new, again.calls) == (again.old, 0)


@pytest.mark.parametrize("name", SHAPES)
def test_no_comment_is_lost(name: str) -> None:
    done = migrated(name)
    for line in done.old.splitlines():
        _, mark, comment = line.partition("#")
        assert not mark or comment.strip() in done.new


@pytest.mark.parametrize("name", SAME)
def test_nothing_of_the_old_classes_is_left(name: str) -> None:
    new = migrated(name).new
    assert not re.search(r"\bimport .*\b(AwsBatch|AWSBatch|Batch)(Operator|Sensor)\b", new)
