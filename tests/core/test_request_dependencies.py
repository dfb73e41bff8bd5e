"""What a job waits for, in every form in which a DAG may hold it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_fargate_batch.core.request import DRY_RUN_PREFIX, JobRequest, read_job_ids
from airflow_fargate_batch.exceptions import EmptyArray, InvalidRequest
from tests.core.making import WHERE, body, make, problem, problems

A = "0a1b2c3d-0000-4000-8000-00000000000a"
B = "0a1b2c3d-0000-4000-8000-00000000000b"
N_TO_N = {"jobId": A, "type": "N_TO_N"}
SEQUENTIAL = {"type": "SEQUENTIAL"}


class Lazy:
    """A mapped task's ``.output``: iterable, and neither a list nor JSON."""

    def __init__(self, *values: object) -> None:
        self._values = values

    def __iter__(self) -> Iterator[object]:
        return iter(self._values)

    def __repr__(self) -> str:
        return f"<LazyXComSequence {self._values!r}>"


def depends_on(value: object, **more: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = body(depends_on=value, **more).get("dependsOn", [])
    return found


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([A, B], id="list"),
        pytest.param((A, B), id="tuple"),
        pytest.param(Lazy(A, B), id="lazy sequence"),
        pytest.param([Lazy(A), [[B]]], id="nested"),
        pytest.param(iter([A, B]), id="iterator"),
        pytest.param(f"{A},{B}", id="text with a comma"),
        pytest.param(f" {A} , {B} ", id="text with blanks"),
        pytest.param([f"{A},{B}"], id="text with a comma in a list"),
        pytest.param(json.dumps([A, B]), id="JSON text"),
        pytest.param(str([A, B]), id="Python text, as Jinja writes a list"),
        pytest.param(str([{"jobId": A}, (B,)]), id="Python text of mixed entries"),
        pytest.param([{"jobId": A}, B], id="mapping without type"),
        pytest.param({"jobId": [A, Lazy(B)]}, id="mapping of several ids"),
        pytest.param([A, B, A, {"jobId": B}], id="each counts once"),
    ],
)
def test_ids_in_any_form_and_in_order(value: object) -> None:
    assert depends_on(value) == [{"jobId": A}, {"jobId": B}]


@pytest.mark.parametrize("value", [None, [], (), Lazy(), [[], Lazy()], "[]"], ids=repr)
def test_no_dependency_is_none(value: object) -> None:
    assert "dependsOn" not in body(depends_on=value)


@pytest.mark.parametrize("job_id", [A, f"{A}:7", "job-1234567890abcdef0", "x"])
def test_no_pattern_of_ids_is_published_so_any_word_passes(job_id: str) -> None:
    assert depends_on(job_id) == [{"jobId": job_id}]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(
            None,
            "depends_on[0]: is None: the upstream task was skipped or pushed no job id: "
            "check that task, or set `ignore_missing_dependencies` to ignore such tasks",
            id="None",
        ),
        pytest.param(
            "None",
            "depends_on[0]: is the text 'None': check the template or script that sets it; "
            "no value was found",
            id="'None'",
        ),
        pytest.param(
            "",
            "depends_on[0]: is empty: leave it out, or check the template or script that sets it",
            id="empty",
        ),
        pytest.param(
            "{{ ti.xcom_pull('a') }}",
            "depends_on[0]: \"{{ ti.xcom_pull('a') }}\" is a template that was not rendered",
            id="template",
        ),
        pytest.param(
            str(Lazy(1)),
            "depends_on[0]: '<LazyXComSequence (1' is not a job id: pass only the id of the "
            "earlier job; in a DAG, the .output of its task",
            id="text of a lazy sequence",
        ),
        pytest.param(7, "depends_on[0]: 7 is not a job id", id="number"),
        pytest.param(True, "depends_on[0]: True is not a job id", id="bool"),
        pytest.param(b"a", "depends_on[0]: a bytes is not a job id", id="bytes"),
        pytest.param(
            {"type": "N_TO_N"},
            "depends_on[0]: has no jobId: add the id of the earlier job",
            id="no id",
        ),
        pytest.param(
            {"jobId": None},
            "depends_on[0].jobId: is None: the upstream task was skipped or pushed no job id: "
            "check that task, or set `ignore_missing_dependencies` to ignore such tasks",
            id="jobId None",
        ),
        pytest.param(
            {"jobId": A, "type": "ALL"},
            "depends_on[0].type: must be N_TO_N or SEQUENTIAL, not 'ALL'",
            id="unknown type",
        ),
        pytest.param(
            {"jobId": A, "after": B},
            "depends_on[0].after: is not a member of the API: use one of jobId, type",
            id="unknown member",
        ),
        pytest.param(
            {"jobId": A, "type": "SEQUENTIAL"},
            "depends_on[0]: SEQUENTIAL with a jobId has two possible meanings in an array job: "
            "wait for that job, or run the children one after another: write "
            '{"jobId": …} to wait for the job; add {"type": "SEQUENTIAL"} to run the children one '
            "after another",
            id="SEQUENTIAL with an id",
        ),
        pytest.param(
            "a\ud800",
            "depends_on[0]: contains a character that cannot be passed to a process (NUL or half a "
            "surrogate pair)",
            id="half a surrogate pair",
        ),
    ],
)
def test_what_is_no_dependency_is_a_problem(value: object, message: str) -> None:
    assert str(problems(depends_on=[value], array_size=2)[0]) == message


def test_a_list_that_holds_itself_is_a_problem() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert problem(depends_on=endless) == "depends_on: is nested too deeply"
    with pytest.raises(InvalidRequest, match="nested too deeply"):
        read_job_ids(endless, "job_id")


def test_json_with_a_number_that_json_does_not_have_is_a_problem() -> None:
    assert problems(depends_on='{"jobId": NaN}')


@pytest.mark.parametrize("opening", ["[", "{", "[-", "[(", "{'a':"])
def test_text_that_cannot_be_parsed_is_a_problem(opening: str) -> None:
    assert problems(depends_on=opening * 5000)


# --- Whichever ran -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([None, A, None, B], id="None"),
        pytest.param([A, Lazy(None, B)], id="in a lazy sequence"),
        pytest.param(["None", A, "", f" {B}"], id="texts"),
        pytest.param(f"None,{A},,{B}", id="one text"),
        pytest.param(str([A, None, B]), id="Python text"),
        pytest.param([{"jobId": None}, {"jobId": A}, {"jobId": [B, None]}], id="mappings"),
    ],
)
def test_a_job_may_depend_on_whichever_task_ran(value: object) -> None:
    request = make(depends_on=value, ignore_missing_dependencies=True)
    assert request.to_submit_job()["dependsOn"] == [{"jobId": A}, {"jobId": B}]
    assert request.notes
    assert all(note.endswith("is ignored: no job id") for note in request.notes)


@pytest.mark.parametrize("flag", [None, False, "false", 0])
def test_no_dependency_is_left_out_unless_somebody_says_so(flag: object) -> None:
    assert problems(depends_on=[A, None], ignore_missing_dependencies=flag)


@pytest.mark.parametrize(
    "value", [[None], ["None", ""], Lazy(None), [{"jobId": None}], [None, SEQUENTIAL]], ids=repr
)
def test_one_dependency_has_to_be_left(value: object) -> None:
    assert problem(depends_on=value, ignore_missing_dependencies=True, array_size=2) == (
        "depends_on: no job id is left: every upstream task was skipped or pushed no job id: "
        "remove `depends_on` if the job may run without dependencies"
    )


def test_nothing_else_is_left_out() -> None:
    assert problem(depends_on=[A, "a b"], ignore_missing_dependencies="true").startswith(
        "depends_on[1]: 'a b' is not a job id"
    )


# --- How many ------------------------------------------------------------------------------------


def test_twenty_dependencies_are_legal_and_more_are_not() -> None:
    ids = [f"job-{index}" for index in range(21)]
    assert len(depends_on(ids[:20])) == 20
    assert len(depends_on([*ids[:20], *ids[:20]])) == 20
    assert problem(depends_on=ids) == (
        "depends_on: has 21 dependencies; a job may have at most 20: submit the earlier jobs "
        "as one array job, which counts once; or let the earlier tasks wait for their jobs and "
        "order the tasks with >>; or add a job in between for every 20 jobs"
    )


def test_sequential_counts_among_the_twenty() -> None:
    ids: list[object] = [f"job-{index}" for index in range(20)]
    assert problem(depends_on=[*ids, SEQUENTIAL], array_size=2).startswith("depends_on: has 21 ")


# --- Array jobs ----------------------------------------------------------------------------------


def test_an_array_job_may_depend_child_by_child_and_on_its_own_order() -> None:
    assert depends_on([N_TO_N, SEQUENTIAL, B], array_size=2) == [N_TO_N, SEQUENTIAL, {"jobId": B}]


def test_n_to_n_is_kept_for_each_of_several_ids() -> None:
    assert depends_on({"jobId": Lazy(A, B), "type": "N_TO_N"}, array_size=2) == [
        {"jobId": A, "type": "N_TO_N"},
        {"jobId": B, "type": "N_TO_N"},
    ]


@pytest.mark.parametrize("dependency", [N_TO_N, SEQUENTIAL], ids=lambda each: each["type"])
def test_a_type_is_for_array_jobs(dependency: dict[str, str]) -> None:
    assert problem(depends_on=dependency) == (
        f"depends_on.type: {dependency['type']} is for array jobs: set `array_size`, or remove the "
        "type"
    )


@pytest.mark.parametrize("size", [20_000, "None", -1], ids=repr)
def test_a_wrong_size_is_no_reason_to_doubt_the_type_too(size: object) -> None:
    assert problem(depends_on=[N_TO_N, SEQUENTIAL], array_size=size).startswith("array_size: ")


def test_an_array_of_one_is_a_plain_job_that_depends_on_the_whole() -> None:
    request = make(depends_on=[N_TO_N, SEQUENTIAL, A, B], array_size=1)
    said = request.to_submit_job()
    assert said["dependsOn"] == [{"jobId": A}, {"jobId": B}]
    assert "arrayProperties" not in said
    assert request.notes == (
        "`array_size` 1 submits a plain job: AWS refuses an array of one child",
    )


@pytest.mark.parametrize("size", [0, "0", 0.0], ids=repr)
def test_an_empty_array_has_an_exception_of_its_own(size: object) -> None:
    with pytest.raises(EmptyArray, match="array_size: is 0: there is nothing to submit"):
        make(array_size=size, depends_on=[N_TO_N, SEQUENTIAL])


def test_an_empty_array_that_has_other_problems_is_a_mistake() -> None:
    found = problems(array_size=0, vcpu=3)
    assert [each.field for each in found] == ["vcpu", "array_size"]
    with pytest.raises(ValueError, match="2 problems") as caught:
        make(array_size=0, vcpu=3)
    assert not isinstance(caught.value, EmptyArray)


SEQUENTIAL_WITH_ID = {"jobId": A, "type": "SEQUENTIAL"}


@pytest.mark.parametrize("size", [{}, {"array_size": 1}], ids=["no array", "array of one"])
def test_sequential_with_an_id_is_a_plain_dependency_of_a_plain_job(size: dict[str, int]) -> None:
    """Public programs send it, and AWS's text forbids nothing."""
    request = make(depends_on=[SEQUENTIAL_WITH_ID], **size)
    assert request.to_submit_job()["dependsOn"] == [{"jobId": A}]
    assert request.warnings == (
        "`depends_on[0]`: SEQUENTIAL with a jobId counts as a plain dependency on that job",
    )


# --- The AWS CLI's shorthand ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (f"jobId={A}", [{"jobId": A}]),
        (f"jobId={A},type=N_TO_N", [N_TO_N]),
        (f"type=N_TO_N,jobId={A} jobId={B}", [N_TO_N, {"jobId": B}]),
        (f"jobId={A}  type=SEQUENTIAL", [{"jobId": A}, SEQUENTIAL]),
        ([f"jobId={A},type=N_TO_N", B], [N_TO_N, {"jobId": B}]),
    ],
    ids=["id", "type", "two", "SEQUENTIAL", "in a list"],
)
def test_shorthand_is_read_as_the_aws_cli_reads_it(value: object, read: list[object]) -> None:
    assert depends_on(value, array_size=2) == read


@pytest.mark.parametrize(
    "value",
    [
        "jobId=a,b",
        "a,jobId=b",
        "jobId=a,jobId=b",
        "jobId=",
        "jobid=a",
        "jobId=a,kind=N_TO_N",
        "jobId=a=b",
        "a=b",
        "=",
    ],
)
def test_what_is_nearly_shorthand_is_no_id(value: str) -> None:
    assert problem(depends_on=value) == (
        f"depends_on: {value!r} is neither a job id nor the AWS CLI's shorthand: separate job ids "
        "with commas, or several jobId=ID,type=N_TO_N with spaces"
    )


def test_the_rules_of_a_mapping_hold_for_shorthand() -> None:
    assert problem(depends_on=f"jobId={A},type=ALL") == (
        "depends_on.type: must be N_TO_N or SEQUENTIAL, not 'ALL'"
    )


# --- Dry runs ------------------------------------------------------------------------------------


def test_a_dry_run_may_depend_on_a_dry_run() -> None:
    placeholder = f"{DRY_RUN_PREFIX}extract"
    request = JobRequest.from_arguments(**WHERE, dry_run=True, depends_on=[placeholder, A])
    assert request.to_submit_job()["dependsOn"] == [{"jobId": placeholder}, {"jobId": A}]


def test_a_real_submit_refuses_a_dry_run() -> None:
    assert problem(depends_on=f"{DRY_RUN_PREFIX}extract") == (
        "depends_on: 'dry-run:extract' comes from a dry run; no such job exists: submit "
        "the earlier job without dry_run, or this job with dry_run"
    )


# --- Ids for a sensor ----------------------------------------------------------------------------


def test_jobs_to_wait_for_are_read_in_the_same_forms() -> None:
    assert read_job_ids([Lazy(A), f"{A},{B}", {"jobId": B}], "job_id") == [A, B]


@pytest.mark.parametrize("value", ["None", [None], f"{DRY_RUN_PREFIX}extract", 7], ids=repr)
def test_what_is_no_job_to_wait_for_is_a_problem(value: object) -> None:
    with pytest.raises(InvalidRequest, match=r"^job_id"):
        read_job_ids(value, "job_id")
