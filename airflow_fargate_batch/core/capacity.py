"""Capacity of a job queue, on which prices depend: Fargate, Fargate Spot, or both."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_fargate_batch.core.surroundings import Surroundings


class Capacity(StrEnum):
    """Kind of the compute environments of a job's queue."""

    ON_DEMAND = "FARGATE"
    SPOT = "FARGATE_SPOT"
    MIXED = "FARGATE and FARGATE_SPOT"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> "Capacity":  # noqa: ARG003 - enum's signature
        """Treat the capacity of a later version as unknown."""
        return cls.UNKNOWN

    @classmethod
    def of(cls, surroundings: "Surroundings") -> "Capacity":
        """Return the capacity of a queue; unknown if not all its compute environments are known."""
        queue = surroundings.queue
        found = {environment.resource_type for environment in surroundings.environments}
        if queue is None or len(surroundings.environments) < len(queue.environments):
            return cls.UNKNOWN
        if found == {"FARGATE", "FARGATE_SPOT"}:
            return cls.MIXED
        return cls(found.pop() or "") if len(found) == 1 else cls.UNKNOWN
