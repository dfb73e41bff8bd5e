"""Context of an operation: the state of the region, distortion of reads, paging."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_fargate_batch.local.account import arn
from airflow_fargate_batch.local.configuration import Configuration, Resource
from airflow_fargate_batch.local.engine import Engine
from airflow_fargate_batch.local.faults import UNKNOWN_STATUS, Distortion
from airflow_fargate_batch.local.jobs import LocalJob
from airflow_fargate_batch.local.refusal import Refusal
from airflow_fargate_batch.local.views import Shown


@dataclass(frozen=True, slots=True)
class Context:
    """State available to an operation, besides the parameters.

    Attributes:
        moment: Time that reads show: now, or earlier if a fault makes reads lag.
    """

    engine: Engine
    configuration: Configuration
    region: str
    distortion: Distortion
    moment: float

    def find(self, job_id: str) -> LocalJob | None:
        """Return the job with an id or ARN, if the job is in the region of the call."""
        job = self.engine.jobs.get(job_id.removeprefix(arn(self.region, "job/")))
        return job if job is not None and job.submission.region == self.region else None

    def sees(self, job: LocalJob) -> bool:
        """Return whether a read shows the job."""
        return job.created_at <= self.moment and not self.distortion.hides(job, self.moment)

    def shown(self, job: LocalJob, view: Callable[[LocalJob, float], Shown]) -> Shown:
        """Return the job as a read shows it."""
        shown = view(job, self.moment)
        return shown | {"status": UNKNOWN_STATUS} if self.distortion.blurs(job) else shown


Body = dict[str, Any]
Run = Callable[[Context, Body], Body]
"""Operation: takes context and parameters, returns the answer."""


def page(key: str, found: Sequence[Resource], body: Body) -> Body:
    """Return one page of *found*, under *key*."""
    start = read_token(body.get("nextToken")) or 0
    size = 100 if body.get("maxResults") is None else body["maxResults"]
    if size < 1:
        raise Refusal("maxResults must be at least 1")
    answer: Body = {key: found[start : start + size]}
    if start + size < len(found):
        answer["nextToken"] = write_token(start + size)
    return answer


def write_token(number: int) -> str:
    """Make an opaque ``nextToken``."""
    return base64.urlsafe_b64encode(b"%d" % number).decode()


def read_token(next_token: str | None) -> int | None:
    """Parse a ``nextToken``; refuse a token that LocalBatch did not make."""
    try:
        return max(0, int(base64.urlsafe_b64decode(next_token))) if next_token else None
    except ValueError:
        raise Refusal("Invalid token") from None
