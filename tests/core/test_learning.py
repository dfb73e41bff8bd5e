"""What a retry changes follows from how the earlier jobs of its submission ended."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch.core.fargate import SIZES, Size, next_size
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.learning import EarlierJob, Lesson, learned, tries_of
from airflow_fargate_batch.core.literals import problems_before_rendering
from airflow_fargate_batch.core.narration import duration
from airflow_fargate_batch.core.request import JobRequest, Learning
from airflow_fargate_batch.core.termination import Terminator
from airflow_fargate_batch.core.waiting import Wait
from airflow_fargate_batch.exceptions import JobTimedOut
from tests.core.making import make, problem

EXITED = "Essential container in task exited"
OOM = "OutOfMemoryError: Container killed due to memory usage"
SPOT = "Your Spot Task was interrupted."
ROOM = "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def sized(vcpu: object, memory: object, **more: Any) -> dict[str, Any]:
    requirements = [{"type": "VCPU", "value": str(vcpu)}, {"type": "MEMORY", "value": str(memory)}]
    return {"resourceRequirements": requirements, **more}


def job(number: int, status_reason: str = EXITED, **members: Any) -> Job:
    entry = {
        "jobId": f"job-{number}",
        "status": "FAILED",
        "statusReason": status_reason,
        "createdAt": (BEGAN.timestamp() + number) * 1000,
        **members,
    }
    entry["createdAt"] = int(entry["createdAt"])
    return Job.from_api(entry)


def ran_out(number: int, vcpu: object, memory: object) -> Job:
    return job(number, container=sized(vcpu, memory, exitCode=137, reason=OOM))


def retried(request: JobRequest, *jobs: Job, children: Sequence[Job] = ()) -> Lesson:
    tries = tries_of(jobs, tries_before=len(jobs), generation=0)
    if children:
        tries = [EarlierJob(one.job, tuple(children), one.try_number) for one in tries]
    return learned(request, tries, this=f"try {len(jobs) + 1}")


def grown(*jobs: Job, **arguments: Any) -> tuple[tuple[object, ...], tuple[str, ...]]:
    lesson = retried(make(out_of_memory="grow", **arguments), *jobs)
    return tuple(lesson.request.size), lesson.says


# --- The ladder ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vcpu", "memory", "expected"),
    [
        ("0.25", 512, ("0.25", 1024)),
        ("0.25", 2048, ("0.5", 4096)),
        ("1", 2048, ("1", 4096)),
        ("1", 4096, ("1", 8192)),
        ("1", 8192, ("2", 16384)),
        ("4", 30720, ("8", 61440)),
        ("16", 122880, ("32", 249856)),
        ("32", 249856, None),
    ],
)
def test_the_next_size_has_twice_the_memory_and_the_vcpu_that_it_needs(
    vcpu: str, memory: int, expected: tuple[str, int] | None
) -> None:
    size = next_size(Size(_decimal(vcpu), memory), at_least=2 * memory, at_most=249856)
    assert (size and (str(size.vcpu), size.memory)) == expected


def test_the_next_size_is_a_size_with_more_or_none_for_every_size_and_limit() -> None:
    for size in SIZES:
        for most in (size.memory, size.memory + 1024, 8192, 50_000, 249856):
            found = next_size(size, at_least=2 * size.memory, at_most=most)
            assert found is None or (
                found in SIZES and found.vcpu >= size.vcpu and size.memory < found.memory <= most
            )
            if any(other.memory > size.memory and other.vcpu >= size.vcpu for other in SIZES):
                assert found is not None or most < 249856


def _decimal(text: str) -> Any:
    return next(size.vcpu for size in SIZES if str(size.vcpu) == text)


# --- Out of memory -------------------------------------------------------------------------------


def test_a_retry_after_running_out_asks_for_more() -> None:
    assert grown(ran_out(1, 1, 4096), vcpu=1, memory=4096) == (
        (1, 8192),
        ("try 2: 8192 MiB, because try 1 ran out of 4096",),
    )


def test_vcpu_are_promoted_where_the_memory_needs_them() -> None:
    assert grown(ran_out(1, 1, 8192)) == (
        (2, 16384),
        ("try 2: 16384 MiB with 2 vCPU, because try 1 ran out of 8192",),
    )


def test_max_memory_is_the_most() -> None:
    assert grown(ran_out(1, 1, 4096), max_memory="6 GB")[0] == (1, 6144)
    size, says = grown(ran_out(1, 1, 8192), vcpu=1, memory=8192, max_memory=8192)
    assert (size, says) == (
        (1, 8192),
        ("try 2: 8192 MiB again, although try 1 ran out of them: `max_memory` is 8192",),
    )


def test_the_largest_size_of_fargate_grows_no_more() -> None:
    assert grown(ran_out(1, 32, 249856))[1] == (
        "try 2: 249856 MiB again, although try 1 ran out of them: Fargate has no more",
    )


def test_what_was_learned_is_kept_when_a_later_try_fails_otherwise() -> None:
    spot = job(2, SPOT, container=sized(1, 8192))
    assert grown(ran_out(1, 1, 4096), spot)[0] == (1, 8192)
    assert grown(ran_out(1, 1, 4096), ran_out(2, 1, 8192))[0] == (2, 16384)


def test_a_task_that_was_given_more_meanwhile_keeps_it() -> None:
    assert grown(ran_out(1, 1, 2048), vcpu=2, memory=16384) == ((2, 16384), ())


def test_exit_code_137_counts_and_a_kill_does_not() -> None:
    killed = job(1, "Enough", isTerminated=True, container=sized(1, 4096, exitCode=137))
    assert grown(killed) == ((None, None), ())
    assert grown(job(1, container=sized(1, 4096, exitCode=137)))[0] == (1, 8192)


def test_without_the_job_s_size_nothing_changes_and_the_log_says_so() -> None:
    unknown = job(1, container={"exitCode": 137, "reason": OOM})
    assert grown(unknown, memory=4096) == (
        (None, 4096),
        ("try 2: the same size, because AWS does not tell the size of try 1",),
    )


def test_an_array_grows_if_a_child_ran_out() -> None:
    parent = job(1, "Array Child Job failed", arrayProperties={"size": 9}, container=sized(1, 2048))
    children = [
        Job.from_api(
            {"jobId": f"job-1:{index}", "status": "FAILED", "container": {"exitCode": code}}
        )
        for index, code in enumerate((1, 137))
    ]
    request = make(array_size=9, out_of_memory="grow")
    lesson = retried(request, parent, children=children)
    assert tuple(lesson.request.size) == (1, 4096)
    assert retried(request, parent, children=children[:1]).says == ()
    assert tuple(lesson.request.only([0, 1]).size) == (1, 4096)


def of_containers(*containers: dict[str, Any]) -> Job:
    return job(1, ecsProperties={"taskProperties": [{"containers": list(containers)}]})


def sizes(request: JobRequest) -> dict[str | None, tuple[str, int | None]]:
    return {each.name: (str(each.size.vcpu), each.size.memory) for each in request.containers}


SIDE = sized("0.25", 512, name="side", essential=False)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"container": "main"}, {"main": ("0.75", 7680)}),
        ({}, {"main": ("0.75", 7680)}),
        (
            {"container": "side", "memory": 512},
            {"side": ("None", 512), "main": ("0.75", 7680)},
        ),
        (
            {
                "container": "side",
                "ecs_properties_override": {
                    "taskProperties": [{"containers": [{"name": "main", "command": ["run"]}]}]
                },
            },
            {"main": ("0.75", 7680), "side": ("None", None)},
        ),
    ],
    ids=["named", "not overridden", "the other is named", "overridden beside the named"],
)
def test_of_several_containers_the_one_that_ran_out_grows_by_what_the_task_grows(
    arguments: dict[str, Any], expected: dict[str, Any]
) -> None:
    """0.75 vCPU with 3584 MiB and 0.25 with 512 are 1 with 4096; twice the first needs 8192."""
    ended = of_containers(sized("0.75", 3584, name="main", exitCode=137, reason=OOM), SIDE)
    lesson = retried(make(out_of_memory="grow", **arguments), ended)
    assert sizes(lesson.request) == expected
    assert lesson.says == ("try 2: 7680 MiB for container main, because try 1 ran out of 3584",)


def test_a_child_whose_container_is_not_named_grows_the_named_one() -> None:
    parent = job(
        1,
        "Array Child Job failed",
        arrayProperties={"size": 2},
        ecsProperties={"taskProperties": [{"containers": [SIDE, sized(1, 3584, name="main")]}]},
    )
    child = Job.from_api({"jobId": "job-1:0", "status": "FAILED", "container": {"exitCode": 137}})
    request = make(array_size=2, out_of_memory="grow")
    assert sizes(retried(request, parent, children=[child]).request).keys() == {"main"}
    named = make(array_size=2, out_of_memory="grow", container="side")
    assert sizes(retried(named, parent, children=[child]).request).keys() == {"side"}


# --- Another queue -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (job(1, SPOT), "because Fargate Spot reclaimed the capacity of try 1"),
        (job(1, ROOM, isCancelled=True), "because AWS had no capacity for try 1"),
    ],
    ids=["Spot", "capacity"],
)
def test_a_retry_without_room_goes_to_the_fallback_queue(ended: Job, why: str) -> None:
    request = make(fallback_job_queue="on-demand")
    lesson = retried(request, ended)
    assert lesson.request.job_queue == "on-demand"
    assert lesson.says == (f"try 2: queue on-demand, {why}",)
    later = retried(request, ended, job(2, container={"exitCode": 1}))
    assert later.request.job_queue == "on-demand"


def test_a_retry_for_another_reason_stays_in_its_queue() -> None:
    lesson = retried(make(fallback_job_queue="on-demand"), job(1, container={"exitCode": 1}))
    assert (lesson.request.job_queue, lesson.says) == ("queue", ())


def test_a_child_without_room_sends_the_rerun_to_the_fallback_queue() -> None:
    parent = job(1, "Array Child Job failed", arrayProperties={"size": 2})
    child = Job.from_api({"jobId": "job-1:0", "status": "FAILED", "statusReason": SPOT})
    request = make(array_size=2, fallback_job_queue="on-demand")
    assert retried(request, parent, children=[child]).request.job_queue == "on-demand"


def test_a_job_that_was_given_up_in_runnable_had_no_room() -> None:
    """The words of the wait travel through TerminateJob into the job's reason."""
    limit = timedelta(minutes=30)
    wait = Wait("job-1", runnable_timeout=limit)
    waiting = Job.from_api(
        {"jobId": "job-1", "status": "RUNNABLE", "createdAt": int(BEGAN.timestamp() * 1000)}
    )
    with pytest.raises(JobTimedOut) as caught:
        wait.decide(waiting, BEGAN + limit)
    reason = Terminator(dag_id="d", task_id="t").reason(caught.value.message)
    assert duration(limit) in reason
    ended = job(1, reason, isTerminated=True, isCancelled=True)
    assert retried(make(fallback_job_queue="on-demand"), ended).request.job_queue == "on-demand"


def test_both_can_be_learned_at_once() -> None:
    request = make(out_of_memory="grow", fallback_job_queue="on-demand")
    lesson = retried(request, ran_out(1, 1, 2048), job(2, SPOT, container=sized(1, 4096)))
    assert (lesson.request.job_queue, tuple(lesson.request.size)) == ("on-demand", (1, 4096))
    assert len(lesson.says) == 2


def test_jobs_are_looked_for_in_both_queues() -> None:
    assert make().queues == ("queue",)
    request = make(fallback_job_queue="on-demand")
    assert request.queues == ("queue", "on-demand")
    assert retried(request, job(1, SPOT)).request.queues == ("on-demand",)


# --- The tries -----------------------------------------------------------------------------------


def test_tries_are_numbered_from_the_last_clear_if_each_made_a_job() -> None:
    jobs = [job(2), job(1)]
    numbered = tries_of(jobs, tries_before=2, generation=3)
    assert [(one.job.id, str(one)) for one in numbered] == [("job-1", "try 4"), ("job-2", "try 5")]
    for tries_before in (None, 3):
        unknown = tries_of(jobs, tries_before=tries_before, generation=0)
        assert [str(one) for one in unknown] == ["job job-1", "job job-2"]


# --- The arguments -------------------------------------------------------------------------------


def test_the_arguments_are_never_sent() -> None:
    arguments = {"out_of_memory": "grow", "max_memory": "16 GB", "fallback_job_queue": "other"}
    assert make(**arguments).to_submit_job() == make().to_submit_job()
    assert make(**arguments).learning == Learning(
        grows=True, max_memory=16384, fallback_job_queue="other"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"out_of_memory": "shrink"}, "out_of_memory: must be grow, not 'shrink'"),
        ({"out_of_memory": " "}, "out_of_memory: is empty"),
        (
            {"max_memory": 8192},
            "max_memory: is set, but no retry asks for more memory: set `out_of_memory` to grow",
        ),
        (
            {"max_memory": 2048, "memory": 4096, "out_of_memory": "grow"},
            "max_memory: 2048 MiB is less than the 4096 MiB of the first try: use 4096 or more",
        ),
        ({"max_memory": "much", "out_of_memory": "grow"}, "max_memory: 'much' is not a number"),
        (
            {"fallback_job_queue": "my queue"},
            "fallback_job_queue: 'my queue' is not the name or ARN of a job queue",
        ),
        ({"fallback_job_queue": ""}, "fallback_job_queue: is empty"),
        (
            {"fallback_job_queue": "queue"},
            "fallback_job_queue: queue is the queue of the first try: use another queue",
        ),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_a_problem(arguments: dict[str, Any], said: str) -> None:
    assert problem(**arguments).startswith(said)
    assert problems_before_rendering({"job_queue": "queue"} | arguments)


def test_a_template_is_judged_when_it_is_rendered() -> None:
    assert not problems_before_rendering(
        {"out_of_memory": "grow", "max_memory": 1024, "memory": "{{ params.memory }}"}
    )
