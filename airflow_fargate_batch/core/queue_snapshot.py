"""State of a job queue at one moment: who is first in line, and who uses the capacity.

Source: AWS Batch API Reference, ``GetJobQueueSnapshot``: the first 100 RUNNABLE jobs in the order
in which Batch starts them, and the vCPUs in use, also by share identifier.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from airflow_fargate_batch.core import _members as read

SHOWN: Final = 100
"""API, ``frontOfQueue``: the first 100 RUNNABLE jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSnapshot:
    """A snapshot; members that AWS left out are ``None`` or empty.

    Attributes:
        front: ARNs of the first jobs in line.
        since: Moment since which each job has its place in line, by ARN.
        used_vcpus: vCPUs of all starting and running jobs of the queue.
        shares: vCPUs in use by share identifier (the 20 largest).
        active_shares: Number of share identifiers that use capacity.
        taken_at: Time of the figures about use.
    """

    front: tuple[str, ...] = ()
    since: Mapping[str, datetime] = field(default_factory=dict)
    used_vcpus: Decimal | None = None
    shares: Mapping[str, Decimal] = field(default_factory=dict)
    active_shares: int | None = None
    taken_at: datetime | None = None

    @classmethod
    def from_api(cls, answer: object) -> "QueueSnapshot":
        """Parse an answer; a nonsensical member counts as absent."""
        members = read.mapping(answer)
        jobs = read.mappings(read.mapping(members.get("frontOfQueue")).get("jobs"))
        front = [(read.text(each.get("jobArn")), each) for each in jobs]
        used = read.mapping(members.get("queueUtilization"))
        fair = read.mapping(used.get("fairshareUtilization"))
        return cls(
            front=tuple(arn for arn, _ in front if arn),
            since={
                arn: since
                for arn, each in front
                if arn and (since := read.moment(each.get("earliestTimeAtPosition")))
            },
            used_vcpus=_vcpus(used.get("totalCapacityUsage")),
            shares={
                share: vcpus
                for each in read.mappings(fair.get("topCapacityUtilization"))
                if (share := read.text(each.get("shareIdentifier")))
                and (vcpus := _vcpus(each.get("capacityUsage"))) is not None
            },
            active_shares=read.count(fair.get("activeShareCount")),
            taken_at=read.moment(used.get("lastUpdatedAt")),
        )

    @property
    def first(self) -> str | None:
        """Id of the job at the head of the queue."""
        return _id(self.front[0]) if self.front else None

    def place_of(self, job_id: str) -> int | None:
        """Return a job's place in line, from 1; ``None`` if not among the first 100."""
        ids = [_id(arn) for arn in self.front]
        return ids.index(job_id) + 1 if job_id in ids else None

    def first_place_of_children(self, array_id: str) -> int | None:
        """Return the best place in line of an array's children."""
        places = (n for n, arn in enumerate(self.front, 1) if _id(arn).startswith(f"{array_id}:"))
        return next(places, None)


def _id(arn: str) -> str:
    return arn.rpartition("/")[2]


def _vcpus(usages: object) -> Decimal | None:
    """Return the vCPUs in a list of usages; units other than VCPU and ``cpu`` are not vCPUs."""
    entries: Sequence[Mapping[str, object]] = read.mappings(usages)
    found = [
        number
        for each in entries
        if each.get("capacityUnit") in _VCPU_UNITS
        and (number := read.decimal(each.get("quantity"))) is not None
    ]
    return sum(found, Decimal(0)) if found else None


_VCPU_UNITS: Final = frozenset({"VCPU", "vCPU", "cpu"})
