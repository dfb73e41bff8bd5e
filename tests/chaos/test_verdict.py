"""The judge must see every wrong there can be, or the run proves nothing."""

from dataclasses import replace

import pytest

from tests.chaos._verdict import Job, Task, count, judge

NOW = 1000.0
TASK = Task(dag_id="chaos", run_id="run-1", task_id="worker_plain", job_id="a")
LATER = replace(TASK, generation=2)
RED = replace(TASK, task_id="worker_always", state="failed", job_id=None)
SUBMIT_ONLY = replace(TASK, task_id="submit_plain")


def job(
    task: Task,
    job_id: str,
    created: float,
    ended: float | None = None,
    *,
    failed: bool = False,
    stopped: float | None = None,
    generation: int = 0,
) -> Job:
    mark = f"{task.token}-{generation}"
    well = ended is not None and not failed
    name = f"{task.task_id}-{mark}"
    return Job(
        id=job_id,
        name=name,
        mark=mark,
        created=created,
        ended=ended,
        succeeded=well,
        stopped=stopped,
    )


def wrongs(tasks: Task | list[Task], *jobs: Job) -> list[str]:
    tasks = [tasks] if isinstance(tasks, Task) else tasks
    return [violation.what for violation in judge(tasks, jobs, NOW)]


@pytest.mark.parametrize(
    ("task", "jobs"),
    [
        pytest.param(TASK, [job(TASK, "a", 1, 9)], id="one job, succeeded"),
        pytest.param(
            TASK, [job(TASK, "b", 1, 5, failed=True), job(TASK, "a", 6, 9)], id="after a failed one"
        ),
        pytest.param(
            TASK,
            [job(TASK, "b", 1, 8, failed=True, stopped=5), job(TASK, "a", 6, 9)],
            id="after one that was told to stop",
        ),
        pytest.param(
            LATER,
            [job(TASK, "b", 1, 4), job(TASK, "a", 6, 9, generation=2)],
            id="cleared after a success",
        ),
        pytest.param(
            LATER,
            [
                job(TASK, "b", 1, 8, failed=True, stopped=5),
                job(TASK, "a", 6, 9, generation=2),
            ],
            id="cleared while it ran",
        ),
        pytest.param(
            RED, [job(RED, "a", 1, 5, failed=True), job(RED, "b", 6, 9, failed=True)], id="red"
        ),
        pytest.param(
            SUBMIT_ONLY, [job(SUBMIT_ONLY, "a", 1, 9, failed=True)], id="submitted, failed later"
        ),
    ],
)
def test_what_must_be_is_no_violation(task: Task, jobs: list[Job]) -> None:
    assert wrongs(task, *jobs) == []


@pytest.mark.parametrize(
    ("task", "jobs", "what"),
    [
        pytest.param(
            TASK, [job(TASK, "b", 1, 9), job(TASK, "a", 2, 9)], "duplicate", id="two at once"
        ),
        pytest.param(
            TASK, [job(TASK, "b", 1, 5), job(TASK, "a", 6, 9)], "duplicate", id="after a success"
        ),
        pytest.param(
            TASK,
            [job(TASK, "b", 1, 5, failed=True), job(TASK, "a", 4, 9)],
            "duplicate",
            id="before the failure",
        ),
        pytest.param(
            LATER,
            [job(TASK, "b", 1, 8), job(TASK, "a", 6, 9, generation=2)],
            "orphan",
            id="a cleared task's job ran on",
        ),
        pytest.param(
            LATER,
            [job(TASK, "a", 1, 4, generation=2), job(TASK, "b", 6, 9)],
            "orphan",
            id="an old process submitted late",
        ),
        pytest.param(
            replace(RED, task_id="worker_plain", state="failed"),
            [job(replace(RED, task_id="worker_plain"), "a", 1, 9)],
            "orphan",
            id="red although its job succeeded",
        ),
        pytest.param(TASK, [], "missing", id="green without a job"),
        pytest.param(
            TASK, [job(TASK, "b", 1, 9)], "missing", id="green with a job of someone else's"
        ),
        pytest.param(
            TASK, [job(TASK, "a", 1, 9, failed=True)], "green", id="green although its job failed"
        ),
        pytest.param(TASK, [job(TASK, "a", 1)], "orphan", id="still running"),
        pytest.param(
            replace(TASK, state="deferred"), [job(TASK, "a", 1, 9)], "not final", id="deferred"
        ),
        pytest.param(
            replace(TASK, waits=True), [job(TASK, "a", 1, 9)], "wait left", id="a trigger left"
        ),
        pytest.param(
            replace(TASK, state="failed"),
            [job(TASK, "a", 1, 9, failed=True)],
            "wrong end",
            id="red although another try was due",
        ),
    ],
)
def test_what_must_not_be_is_a_violation(task: Task, jobs: list[Job], what: str) -> None:
    assert what in wrongs(task, *jobs)


def test_a_job_of_no_task_is_an_orphan() -> None:
    assert wrongs([], job(TASK, "a", 1, 9)) == ["orphan"]


def test_the_table_counts_what_had_to_be_and_what_there_is() -> None:
    other = replace(TASK, run_id="run-2", job_id="d")
    tasks = [TASK, other, replace(TASK, run_id="run-3", job_id=None)]
    jobs = [
        job(TASK, "a", 1, 9),
        job(other, "b", 1, 5, failed=True),
        job(other, "c", 6, 9),
        job(other, "d", 7, 9),
    ]
    counts = count(tasks, jobs, judge(tasks, jobs, NOW))["worker"]
    assert (counts.tasks, counts.expected, counts.found, counts.duplicates) == (3, 4, 4, 1)
