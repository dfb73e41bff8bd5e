"""The operations on consumable resources, and the snapshot of a queue."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.local.account import arn
from airflow_fargate_batch.local.checks import resources
from airflow_fargate_batch.local.configuration import CONSUMABLE, QUEUE, Resource
from airflow_fargate_batch.local.context import Body, Context, page
from airflow_fargate_batch.local.jobs import LocalJob
from airflow_fargate_batch.local.refusal import Refusal
from airflow_fargate_batch.local.stock import available
from airflow_fargate_batch.local.views import consumables_of, summary

_CHANGES: Final[dict[str, Callable[[int, int], int]]] = {
    "SET": lambda _, quantity: quantity,
    "ADD": lambda total, quantity: total + quantity,
    "REMOVE": lambda total, quantity: total - quantity,
}
_TAKES: Final = (JobStatus.STARTING, JobStatus.RUNNING)


def create(context: Context, body: Body) -> Body:
    """Create a consumable resource."""
    created = int(context.engine.clock.now() * 1000)
    made = {"totalQuantity": 0} | body | {"inUseQuantity": 0, "createdAt": created}
    return context.configuration.create(CONSUMABLE, context.region, made)


def update(context: Context, body: Body) -> Body:
    """Change the total quantity of a consumable resource."""
    named, quantity = body["consumableResource"], body.get("quantity") or 0
    found = context.configuration.find(CONSUMABLE, context.region, named)
    change = _CHANGES.get(body.get("operation") or "SET")
    if change is None or quantity < 0:
        raise Refusal("operation must be SET, ADD or REMOVE, and quantity non-negative.")
    total = change(found["totalQuantity"], quantity)
    answer = context.configuration.update(
        CONSUMABLE, context.region, named, {"totalQuantity": total}
    )
    context.engine.supplied()
    return answer | {"totalQuantity": total}


def describe(context: Context, body: Body) -> Body:
    """Describe a consumable resource."""
    found = context.configuration.find(CONSUMABLE, context.region, body["consumableResource"])
    return found | {"availableQuantity": available(found)}


def list_all(context: Context, body: Body) -> Body:
    """List the consumable resources."""
    found = context.configuration.describe(CONSUMABLE, context.region, ())
    for filtering in body.get("filters") or ():
        if filtering.get("name") != "CONSUMABLE_RESOURCE_NAME":
            raise Refusal(f"Filter {filtering.get('name')} is not valid")
        patterns = filtering.get("values") or ()
        found = [kept for kept in found if _named(kept["consumableResourceName"], patterns)]
    keys = ("consumableResourceArn", "consumableResourceName", "totalQuantity", "inUseQuantity")
    shown = [{key: kept[key] for key in (*keys, "resourceType")} for kept in found]
    return page("consumableResources", shown, body)


def list_jobs_by_resource(context: Context, body: Body) -> Body:
    """List the jobs that need a consumable resource."""
    found = context.configuration.find(CONSUMABLE, context.region, body["consumableResource"])
    jobs = [
        job
        for job in context.engine.jobs.values()
        if found[CONSUMABLE.arn] in dict(job.submission.consumables) and _chosen(job, body)
    ]
    return page("jobs", [_listed(job, found, context.moment) for job in jobs], body)


def _named(name: str, patterns: Iterable[str]) -> bool:
    return any(
        name.lower().startswith(pattern[:-1].lower())
        if pattern.endswith("*")
        else name.lower() == pattern.lower()
        for pattern in patterns
    )


def _chosen(job: LocalJob, body: Body) -> bool:
    for filtering in body.get("filters") or ():
        name, values = filtering.get("name"), filtering.get("values") or []
        if name == "JOB_STATUS":
            fits = job.status in values
        elif name == "JOB_NAME":
            fits = _named(job.submission.name, values)
        else:
            raise Refusal(f"Filter {name} is not valid")
        if not fits:
            return False
    return True


def _listed(job: LocalJob, resource: Resource, moment: float) -> Body:
    shown = summary(job, moment)
    keys = ("jobArn", "jobName", "statusReason", "startedAt", "createdAt")
    return {key: shown[key] for key in keys if key in shown} | {
        "jobQueueArn": job.submission.queue,
        "jobDefinitionArn": job.submission.definition,
        "jobStatus": shown["status"],
        "quantity": dict(job.submission.consumables)[resource[CONSUMABLE.arn]],
        "consumableResourceProperties": consumables_of(job),
    }


# ── the snapshot of a queue ──────────────────────────────────────────────────────────────────


def snapshot(context: Context, body: Body) -> Body:
    """Show the jobs at the front of a queue, and the capacity used by running jobs."""
    queue = context.configuration.find(QUEUE, context.region, body["jobQueue"])
    now = int(context.moment * 1000)
    jobs = [job for job in context.engine.jobs.values() if job.submission.queue == queue[QUEUE.arn]]
    ready = sorted(_ready(jobs), key=lambda entry: entry["earliestTimeAtPosition"])
    running = [job for job in jobs if job.status in _TAKES and not job.is_parent]
    used: Body = {"totalCapacityUsage": _usage(running), "lastUpdatedAt": now}
    if "schedulingPolicyArn" in queue:
        shares = Counter(str(job.submission.arguments.get("shareIdentifier")) for job in running)
        used["fairshareUtilization"] = {
            "activeShareCount": len(shares),
            "topCapacityUtilization": [
                {"shareIdentifier": share, "capacityUsage": _usage(_of_share(running, share))}
                for share in shares
            ],
        }
    front = {"jobs": ready[: limits.DESCRIBE_JOBS], "lastUpdatedAt": now}
    return {"frontOfQueue": front, "queueUtilization": used}


def _ready(jobs: list[LocalJob]) -> Iterator[Any]:
    for job in jobs:
        since, status, _ = job.history[-1]
        if status is JobStatus.RUNNABLE:
            job_arn = arn(job.submission.region, f"job/{job.job_id}")
            yield {"jobArn": job_arn, "earliestTimeAtPosition": int(since * 1000)}


def _of_share(jobs: list[LocalJob], share: str) -> list[LocalJob]:
    return [job for job in jobs if job.submission.arguments.get("shareIdentifier") == share]


def _usage(jobs: list[LocalJob]) -> list[Body]:
    used = sum(
        Decimal(resources(container["resourceRequirements"]).get("VCPU", "0"))
        for job in jobs
        for container in job.submission.containers
    )
    return [{"capacityUnit": "VCPU", "quantity": float(used)}]
