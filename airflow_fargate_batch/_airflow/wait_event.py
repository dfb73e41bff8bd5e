"""The event of a trigger: a persisted contract between trigger, operator and sensor."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.job import Job


class WaitOutcome(StrEnum):
    """The way in which a trigger's wait ended."""

    ENDED = "ended"
    """All jobs have ended, or a job has failed."""
    GAVE_UP = "gave_up"
    """A limit of the wait is over."""
    STUCK = "stuck"
    """A job can never start."""
    REFUSED = "refused"
    """AWS refused DescribeJobs, or no longer knows a job."""

    @classmethod
    def _missing_(cls, value: object) -> "WaitOutcome":  # noqa: ARG003 - enum's signature
        """Treat the outcome of a later version as a wait without a result."""
        return cls.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitEvent:
    """Result of a trigger's wait.

    Attributes:
        jobs: The jobs as last seen; a job that AWS never showed is missing.
        message: Reason for the end of the wait; ``None`` if the jobs decide.
        advice: Next step for the reader.
        capacity: Capacity of the queue of the only job; ``None`` if the trigger did not ask.
        records_use: Whether the queue records the use of CPU and memory; ``None`` like *capacity*.
    """

    outcome: WaitOutcome
    jobs: tuple[Job, ...] = ()
    message: str | None = None
    advice: str | None = None
    capacity: Capacity | None = None
    records_use: bool | None = None

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        """Read the payload of a TriggerEvent.

        The event of an earlier version has no ``advice``, ``capacity`` and ``records_use``.
        """
        records_use = payload.get("records_use")
        capacity = payload.get("capacity")
        return cls(
            outcome=WaitOutcome(payload["outcome"]),
            jobs=tuple(map(Job.from_api, payload["jobs"])),
            message=payload["message"],
            advice=payload.get("advice"),
            capacity=None if capacity is None else Capacity(capacity),
            records_use=records_use if isinstance(records_use, bool) else None,
        )

    def payload(self) -> dict[str, Any]:
        """Return the payload of the TriggerEvent: texts, lists and mappings only."""
        return {
            "outcome": self.outcome.value,
            "jobs": [job.to_api() for job in self.jobs],
            "message": self.message,
            "advice": self.advice,
            **({} if self.capacity is None else {"capacity": self.capacity.value}),
            **({} if self.records_use is None else {"records_use": self.records_use}),
        }
