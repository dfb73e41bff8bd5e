"""Consumable resources: jobs take them when they start, and return them when they end."""

from collections.abc import Mapping
from typing import Any

from airflow_fargate_batch.local.jobs import Job


class Stock:
    """Keep account of the consumable resources, by ARN.

    A job whose resources are not there stays RUNNABLE and waits. What a job takes of a resource
    that is not replenishable is gone for good once its attempt ends; when exactly AWS takes it off
    the total is not documented.
    """

    def __init__(self, resources: Mapping[str, dict[str, Any]]) -> None:
        self._resources = resources
        self._waiting: list[Job] = []

    def take(self, job: Job) -> bool:
        """Take what the job needs; if that is not there, keep the job until it may be."""
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

    def give_back(self, job: Job) -> list[Job]:
        """Give back what the job holds; return the jobs that may try again."""
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

    def waiting(self) -> list[Job]:
        """Return the jobs that wait for something, and forget them."""
        waiting, self._waiting = self._waiting, []
        return waiting


def available(resource: Mapping[str, Any]) -> int:
    """Return how much of a resource can be taken."""
    return max(0, int(resource["totalQuantity"]) - int(resource["inUseQuantity"]))
