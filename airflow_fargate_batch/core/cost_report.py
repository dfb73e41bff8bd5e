"""Costs of many jobs, summed by DAG, task, share or job definition."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from airflow_fargate_batch.core.cost import Cost
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.money import written_amount
from airflow_fargate_batch.core.naming import TAG_PREFIX

_DAG: Final = f"{TAG_PREFIX}dag"
_TASK: Final = f"{TAG_PREFIX}task"
NO_DAG: Final = "(submitted outside Airflow)"
NO_SHARE: Final = "(no share)"
NO_DEFINITION: Final = "(unknown)"


def _dag(job: Job) -> str:
    return job.tags.get(_DAG, NO_DAG)


def _task(job: Job) -> str:
    return f"{job.tags[_DAG]}.{job.tags[_TASK]}" if {_DAG, _TASK} <= set(job.tags) else NO_DAG


def _share(job: Job) -> str:
    return job.share_identifier or NO_SHARE


def _definition(job: Job) -> str:
    """Return the name of the job definition, without its revision."""
    name = (job.definition or "").rpartition("/")[2]
    return name.partition(":")[0] or NO_DEFINITION


GROUPINGS: Final[Mapping[str, Callable[[Job], str]]] = {
    "dag": _dag,
    "task": _task,
    "share": _share,
    "definition": _definition,
}
"""Name of a job's group, by the kind of groups. A tag of a DAG is written by the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Costs of the jobs of a group.

    Attributes:
        jobs: Number of jobs; an array is one.
        billed_seconds: Seconds of all jobs, those without a price too.
        low, high: As in ``Cost``, of the jobs with a known price.
        without_price: Number of jobs whose price is not known.
        estimated: Number of arrays whose cost is estimated from some of their children.
    """

    name: str
    jobs: int = 0
    billed_seconds: int = 0
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    without_price: int = 0
    estimated: int = 0

    def with_job(self, cost: Cost) -> "Group":
        """Return the group with one more job."""
        is_known = cost.low is not None and cost.high is not None
        return Group(
            name=self.name,
            jobs=self.jobs + 1,
            billed_seconds=self.billed_seconds + cost.billed_seconds,
            low=self.low + (cost.low or 0),
            high=self.high + (cost.high or 0),
            without_price=self.without_price + (not is_known),
            estimated=self.estimated + cost.is_estimate,
        )

    def to_json(self) -> dict[str, Any]:
        """Write the group for programs; amounts are rounded to six decimals."""
        return {
            "name": self.name,
            "jobs": self.jobs,
            "billedSeconds": self.billed_seconds,
            "low": written_amount(self.low),
            "high": written_amount(self.high),
            "jobsWithoutPrice": self.without_price,
            "estimatedArrays": self.estimated,
        }


def grouped(costs: Iterable[tuple[Job, Cost]], by: str) -> list[Group]:
    """Sum costs by group; the most expensive group comes first.

    :param by: key of ``GROUPINGS``.
    """
    groups: dict[str, Group] = {}
    for job, cost in costs:
        name = GROUPINGS[by](job)
        groups[name] = groups.get(name, Group(name=name)).with_job(cost)
    return sorted(
        groups.values(), key=lambda group: (-group.high, -group.billed_seconds, group.name)
    )


def total(groups: Iterable[Group]) -> Group:
    """Sum groups."""
    listed = list(groups)
    return Group(
        name="total",
        jobs=sum(group.jobs for group in listed),
        billed_seconds=sum(group.billed_seconds for group in listed),
        low=sum((group.low for group in listed), Decimal(0)),
        high=sum((group.high for group in listed), Decimal(0)),
        without_price=sum(group.without_price for group in listed),
        estimated=sum(group.estimated for group in listed),
    )
