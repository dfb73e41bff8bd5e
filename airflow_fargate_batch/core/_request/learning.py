"""What a retry may change: arguments that are never sent, and count for later tries only."""

from typing import Final, NamedTuple

from airflow_fargate_batch.core import fargate
from airflow_fargate_batch.core._request.fields import QUEUE
from airflow_fargate_batch.core._request.overrides import memory_in_mib
from airflow_fargate_batch.core._request.size import Settled
from airflow_fargate_batch.core._request.values import Findings, plain_text, shown
from airflow_fargate_batch.core.arguments import Arguments

GROW: Final = "grow"


class Learning(NamedTuple):
    """Changes that a retry may make.

    Attributes:
        grows: A retry after running out of memory asks for more memory.
        max_memory: Most MiB for a whole task; by default the largest size of Fargate.
        fallback_job_queue: Queue of a retry after a Spot reclaim or missing capacity.
    """

    grows: bool = False
    max_memory: int = fargate.MEMORY_VALUES[-1]
    fallback_job_queue: str | None = None


NOTHING: Final = Learning()


def read(given: Arguments, size: Settled, job_queue: str, findings: Findings) -> Learning:
    """Read *out_of_memory*, *max_memory* and *fallback_job_queue*.

    :param size: size of the first try.
    :param job_queue: queue of the first try.
    """
    if given.out_of_memory is given.max_memory is given.fallback_job_queue is None:
        return NOTHING  # nearly always
    grows = _grows(given.out_of_memory, findings)
    most = _max_memory(given.max_memory, size, findings)
    if given.max_memory is not None and given.out_of_memory is None:
        text = "is set, but no retry asks for more memory"
        findings.problem("max_memory", text, f"set `out_of_memory` to {GROW}", ("out_of_memory",))
    return Learning(
        grows=grows,
        max_memory=fargate.MEMORY_VALUES[-1] if most is None else most,
        fallback_job_queue=_fallback(given.fallback_job_queue, job_queue, findings),
    )


def _grows(given: object, findings: Findings) -> bool:
    if given is None:
        return False
    text = plain_text(given, "out_of_memory", findings)
    if text not in (None, GROW):
        findings.problem("out_of_memory", f"must be {GROW}, not {shown(text)}")
    return text == GROW


def _max_memory(given: object, size: Settled, findings: Findings) -> int | None:
    if given is None:
        return None
    most = memory_in_mib(given, "max_memory", findings)
    least = size.memory or fargate.MEMORY_VALUES[0]
    if most is not None and most < least:
        findings.problem(
            "max_memory",
            f"{shown(most)} MiB is less than the {least} MiB of the first try",
            f"use {least} or more",
            ("memory", "container_overrides", "container_overrides_file", "size_policy"),
        )
    return None if most is None else int(most)


def _fallback(given: object, job_queue: str, findings: Findings) -> str | None:
    if given is None:
        return None
    text = plain_text(given, "fallback_job_queue", findings)
    if text is None:
        return None
    if not QUEUE.fullmatch(text):
        rule = "is not the name or ARN of a job queue"
        findings.problem("fallback_job_queue", f"{shown(text)} {rule}")
    elif text == job_queue:
        rule = "is the queue of the first try"
        findings.problem(
            "fallback_job_queue", f"{text} {rule}", "use another queue", ("job_queue",)
        )
    return text
