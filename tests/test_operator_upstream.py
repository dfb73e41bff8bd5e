"""What a task depends on, by the tasks that a DAG names: a wrong one, a skipped one, too many."""

import logging
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_fargate_batch._airflow.compat import AirflowFailException
from airflow_fargate_batch.exceptions import InvalidRequest
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from tests.operating import WHERE, FakeTaskInstance, dag, submitted

if TYPE_CHECKING:
    from collections.abc import Callable

A, B = "11111111-aaaa", "22222222-bbbb"


def task(task_id: str, **arguments: Any) -> FargateBatchSubmitOperator:
    return FargateBatchSubmitOperator(task_id=task_id, **WHERE, **arguments)


def mapped(task_id: str, expand: dict[str, Any], **shared: Any) -> Any:
    return FargateBatchSubmitOperator.partial(task_id=task_id, **WHERE, **shared).expand(**expand)


def failure(join: FargateBatchSubmitOperator, **earlier: Any) -> str:
    with pytest.raises(AirflowFailException) as caught:
        submitted(join, FakeTaskInstance(task_id="join", earlier=earlier))
    return str(caught.value)


# --- A branch that was skipped -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("depends_on", "place"),
    [
        (lambda a, b: [a.output, b.output], "depends_on[1] (task b)"),
        (lambda a, b: [{"jobId": a.output}, {"jobId": b.output}], "depends_on[1].jobId (task b)"),
        (lambda a, b: [[a.output, (b.output,)]], "depends_on[0][1][0] (task b)"),
        (lambda _, b: b.output, "depends_on[0] (task b)"),
        (
            lambda a, _: [a.output, "{{ ti.xcom_pull(task_ids='b') }}"],
            "depends_on[1] (template {{ ti.xcom_pull(task_ids='b') }})",
        ),
    ],
    ids=["list", "mappings", "nested", "alone", "template"],
)
def test_a_missing_id_is_told_with_the_task_it_should_come_from(
    depends_on: Any, place: str
) -> None:
    with dag():
        join = task("join", depends_on=depends_on(task("a"), task("b")))
    assert f"Nothing was submitted. {place}: is " in failure(join, a=A)


def test_a_missing_id_says_how_to_depend_on_whichever_ran() -> None:
    with dag():
        join = task("join", depends_on=[task("a").output, task("b").output])
    assert failure(join, a=A).endswith(
        "depends_on[1] (task b): is None: the upstream task was skipped or pushed no job id: "
        "check that task, or set `ignore_missing_dependencies` to ignore such tasks"
    )


@pytest.mark.parametrize("flag", [True, "true", "{{ params.any }}"])
def test_a_join_may_depend_on_whichever_branch_ran(flag: Any) -> None:
    with dag(params={"any": True}):
        outputs = [task("a").output, task("b").output]
        join = task("join", depends_on=outputs, ignore_missing_dependencies=flag)
    ti = FakeTaskInstance(task_id="join", earlier={"b": B})
    request = submitted(join, ti, params={"any": True})
    assert [dependency.job_id for dependency in request.depends_on] == [B]


def test_one_branch_must_have_run() -> None:
    with dag():
        outputs = [task("a").output, task("b").output]
        join = task("join", depends_on=outputs, ignore_missing_dependencies=True)
    assert "depends_on: no job id is left: every upstream task" in failure(join)


# --- More than twenty ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", [list, lambda ids: [{"jobId": each} for each in ids]])
def test_a_join_of_more_tasks_than_a_job_may_depend_on_fails_at_import(form: Any) -> None:
    with dag():
        outputs = [task(f"t{number}").output for number in range(21)]
        task("twenty", depends_on=form(outputs[:20]))
        makers: list[Callable[..., object]] = [task, partial(mapped, expand={"command": [["a"]]})]
        for make in makers:
            with pytest.raises(InvalidRequest) as caught:
                make("join", depends_on=form(outputs))
            assert str(caught.value) == (
                "depends_on: 21 dependencies are more than the 20 a job may have: submit the "
                "earlier jobs as one array job, which counts once; or let the earlier tasks wait "
                "for their jobs and order the tasks with >>; or add a job in between for every "
                "20 jobs"
            )


def test_literal_ids_count_as_well_and_each_job_once() -> None:
    with dag():
        first = task("first")
        task("same", depends_on=[first.output] * 30)
        ids = [f"job-{number}" for number in range(20)]
        with pytest.raises(InvalidRequest, match="21 dependencies"):
            task("join", depends_on=[*ids, first.output])


@pytest.mark.parametrize("flag", [True, "{{ params.any }}"])
def test_branches_of_which_some_are_skipped_may_be_more(flag: Any) -> None:
    with dag(params={"any": True}):
        outputs = [task(f"t{number}").output for number in range(21)]
        task("join", depends_on=outputs, ignore_missing_dependencies=flag)


def test_templates_and_other_tasks_may_turn_out_fewer() -> None:
    def key_of(task_id: str) -> Any:
        output: Any = task(task_id).output
        return output["key"]

    with dag():
        task("join", depends_on=[f"{{{{ ti.xcom_pull('t{number}') }}}}" for number in range(21)])
        task("other", depends_on=[key_of(f"u{n}") for n in range(21)])


@pytest.mark.parametrize(
    ("expand", "count"),
    [
        ({"command": [["a"]] * 21}, 21),
        ({"vcpu": [1, 2, 4], "memory": [4096] * 7}, 21),
        ({"command": [["a"]] * 20}, None),
    ],
    ids=["one list", "two lists", "not too many"],
)
def test_a_join_of_a_mapped_task_known_to_be_too_long_is_warned_of_at_import(
    expand: dict[str, Any], count: int | None
) -> None:
    with dag(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        task("join", depends_on=mapped("parts", expand).output)
    said = [str(each.message) for each in caught if "parts" in str(each.message)]
    if count is None:
        assert said == []
    else:
        [text] = said
        assert text.startswith(f"depends_on: task parts maps to {count} jobs, but a job may have a")


@pytest.mark.parametrize("index", [19, 20, 35])
@pytest.mark.parametrize("join_is_mapped", [False, True], ids=["plain", "mapped"])
def test_a_mapped_task_warns_before_a_join_that_cannot_be(
    index: int, join_is_mapped: bool, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    with dag():
        source = task("source")
        parts = mapped("parts", {"command": source.output})
        depends_on = [{"jobId": parts.output}]
        if join_is_mapped:
            mapped("join", {"command": [["a"]]}, depends_on=depends_on)
        else:
            task("join", depends_on=depends_on)
        task("beside") << parts
    part = parts.unmap({"command": ["a"]})
    with caplog.at_level(logging.WARNING):
        submitted(part, FakeTaskInstance(task_id="parts", map_index=index))
    said = caplog.text + capsys.readouterr().out
    assert ("task join depends on every job of this mapped task" in said) == (index >= 20)
    assert "beside" not in said
    if index == 20:
        assert "(this is job number 21), but a job may have at most 20 dependencies" in said
