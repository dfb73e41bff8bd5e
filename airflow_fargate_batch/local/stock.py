"""Consumable resources: a job takes units at its start and returns units at its end."""

from collections.abc import Mapping
from typing import Any

from airflow_fargate_batch.local.jobs import LocalJob


class Stock:
    """Quantities of consumable resources, by ARN.

    A job stays RUNNABLE until enough of each resource is available. Units of a resource that is not
    replenishable are used up when the attempt ends; AWS does not document when the total decreases.
    """

    def __init__(self, resources: Mapping[str, dict[str, Any]]) -> None:
        self._resources = resources
        self._waiting: list[LocalJob] = []

    def take(self, job: LocalJob) -> bool:
        """Take the units for a job; if there are too few, add the job to the waiting jobs."""
        wanted = job.submission.consumables
        found = [(self._resources.get(name), quantity) for name, quantity in wanted]
        if any(kept is None or available(kept) < quantity for kept, quantity in found):
            self._waiting.append(job)
            return False
        for kept, quantity in found:
            if kept is not None:
                kept["inUseQuantity"] += quantity
        job.holds = bool(wanted)
        return True

    def give_back(self, job: LocalJob) -> list[LocalJob]:
        """Return the job's units; return the jobs that may retry."""
        if not job.holds:
            return []
        job.holds = False
        for name, quantity in job.submission.consumables:
            kept = self._resources.get(name)
            if kept is not None:
                kept["inUseQuantity"] -= quantity
                if kept["resourceType"] != "REPLENISHABLE":
                    kept["totalQuantity"] -= quantity
        return self.waiting()

    def waiting(self) -> list[LocalJob]:
        """Return the waiting jobs and clear the list."""
        waiting, self._waiting = self._waiting, []
        return waiting


def available(resource: Mapping[str, Any]) -> int:
    """Return the available quantity of a resource."""
    return max(0, int(resource["totalQuantity"]) - int(resource["inUseQuantity"]))
