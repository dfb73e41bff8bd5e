"""Submitting many jobs at a limit, and submitting where answers are lost: what jobs that leaves."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from benchmarks._process import call_apart, environment
from benchmarks._progress import step
from benchmarks._size import Size
from benchmarks._table import Row

TITLE = "Submitting jobs"
REQUESTS: Final = {Size.QUICK: 60, Size.BRIEF: 500, Size.FULL: 2000}
TASKS: Final = {Size.QUICK: 6, Size.BRIEF: 30, Size.FULL: 90}
LIMIT: Final = 50
"""SubmitJob calls a second that are answered, as at AWS; a second's worth of burst."""
REACHED: Final = 45
"""Jobs a second that are to be reached."""
THREADS: Final = 10


def run(size: Size) -> list[Row]:
    """Submit many at a limit, then some where every third answer is lost; both sides in turn."""
    return [*_many(REQUESTS[size]), *_with_lost_answers(TASKS[size])]


def _many(count: int) -> list[Row]:
    limit = {"kind": "throttle", "operation": "SubmitJob", "rate": LIMIT}
    ours = _Submits(submit_many, count, limit)
    theirs = _Submits(submit_many_by_boto3, count, limit)
    group = f"{count:,} jobs, {LIMIT} calls/s allowed (theirs: boto3 in {THREADS} threads)"
    return [
        Row(
            group=group,
            what=f"time; {REACHED}/s is the target",
            ours=ours.seconds,
            theirs=theirs.seconds,
            unit="s",
            at_most=count / REACHED,
        ),
        *_exactly_once(group, ours, theirs),
    ]


def _with_lost_answers(count: int) -> list[Row]:
    cut = {"kind": "cut_after", "operation": "SubmitJob", "every": 3}
    group = f"{count} tasks, every third SubmitJob accepted and its answer cut off"
    return _exactly_once(
        group,
        _Submits(submit_by_our_hook, count, cut),
        _Submits(submit_by_batch_operator, count, cut),
    )


def _exactly_once(group: str, ours: "_Submits", theirs: "_Submits") -> list[Row]:
    return [
        Row(group=group, what=what, ours=mine, theirs=others, at_most=0)
        for what, mine, others in (
            ("jobs too many", ours.extra, theirs.extra),
            ("jobs missing", ours.missing, theirs.missing),
        )
    ]


class _Submits:
    """What came of one side's submits; ``how`` runs in a process of its own."""

    def __init__(self, how: Callable[[int], float], count: int, fault: dict[str, Any]) -> None:
        step(f"submit: {count:,} jobs by {how.__name__}, with {fault['kind']}")
        with LocalBatch() as aws:
            aws.faults.add(**fault)
            self.seconds = call_apart(how, count, env=environment(aws.environ))
            names = [job["jobName"] for job in aws.jobs]
        self.extra = len(names) - len(set(names))
        self.missing = count - len(set(names))


def submit_many(count: int) -> float:
    """Submit so many jobs with ``submit_many``; return the seconds it took."""
    from airflow_fargate_batch.aws.batch import BatchApi
    from airflow_fargate_batch.submitting.many import submit_many

    api, requests = BatchApi.connect(), [_request(f"job{number}") for number in range(count)]
    start = time.perf_counter()
    for _ in submit_many(api, requests):
        pass
    return time.perf_counter() - start


def submit_many_by_boto3(count: int) -> float:
    """Submit so many jobs with boto3 as it comes, in threads; return the seconds it took."""
    import boto3

    client = boto3.client("batch")

    def submit(name: str) -> None:
        client.submit_job(jobName=name, jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION)

    return _in_threads(submit, count)


def submit_by_our_hook(count: int) -> float:
    """Submit so many jobs, each with a hook of its own as each task has one."""
    from airflow_fargate_batch.hooks import FargateBatchHook

    return _in_threads(
        lambda name: FargateBatchHook(aws_conn_id=None).submit(_request(name)), count
    )


def submit_by_batch_operator(count: int) -> float:
    """Submit so many jobs, each by a BatchOperator."""
    from airflow.providers.amazon.aws.operators.batch import BatchOperator

    def submit(name: str) -> None:
        operator = BatchOperator(
            task_id=name,
            job_name=name,
            job_queue=READY_QUEUE,
            job_definition=READY_DEFINITION,
            aws_conn_id=None,
            do_xcom_push=False,  # there is no task instance that could push
        )
        operator.submit_job({})

    return _in_threads(submit, count)


def _request(name: str) -> Any:
    from airflow_fargate_batch.core.request import JobRequest

    return JobRequest.from_arguments(
        job_name=name, job_queue=READY_QUEUE, job_definition=READY_DEFINITION
    )


def _in_threads(submit: Callable[[str], object], count: int) -> float:
    """Submit jobs of different names side by side; return the seconds that it took."""
    start = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        submits = [pool.submit(submit, f"job{number}") for number in range(count)]
    for done in submits:
        if error := done.exception():
            print(f"{type(error).__name__}: {error}")
    return time.perf_counter() - start
