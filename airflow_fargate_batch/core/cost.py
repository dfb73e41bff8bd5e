"""Cost of a job that has run; ``core/estimate.py`` has the price of a job that has not.

Source: AWS Fargate pricing page, "Duration": billed per second, rounded up, from the start of the
image pull to the end of the task, and at least one minute (Windows: five minutes). DescribeJobs
reports the start and the end of each attempt, but not the start of the pull. So a cost is the least
that AWS bills.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.fargate import Size
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.listing import counted
from airflow_fargate_batch.core.money import shown_amount, shown_range, written_amount
from airflow_fargate_batch.core.narration import span
from airflow_fargate_batch.core.pricing import (
    FREE_STORAGE,
    HOUR,
    SPOT_LOWEST,
    Platform,
    Prices,
    Shape,
    hourly,
)

LEAST_SECONDS: Final = {Platform.X86: 60, Platform.ARM: 60, Platform.WINDOWS: 300}
"""Seconds that AWS bills at least for an attempt."""
CHILDREN_READ: Final = 1000
"""Children of an array that are described for its cost, 100 a call; more are estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Least cost of a job: billed seconds, and an amount if the price is known.

    Attributes:
        high: Amount on demand; ``None`` means that the price is not known, see *reason*.
        low: Amount if all ran on FARGATE_SPOT at the largest discount; on demand equal to *high*.
        billed_seconds: Seconds of all attempts of all children.
        attempts: Number of billed attempts.
        children: Number of an array's children that were read, and of all its children; ``None``
            for other jobs. If not all were read, the amounts are extrapolated.
    """

    high: Decimal | None
    low: Decimal | None
    currency: str
    billed_seconds: int
    attempts: int
    capacity: Capacity
    price_as_of: str | None = None
    children: tuple[int, int] | None = None
    reason: str | None = None

    @property
    def is_estimate(self) -> bool:
        """Whether some children of an array were not read."""
        return self.children is not None and self.children[0] < self.children[1]

    def to_summary(self) -> dict[str, Any]:
        """Write ``cost`` of XCom ``job``: JSON-able, amounts rounded to six decimals."""
        return {
            "currency": self.currency,
            "low": None if self.low is None else written_amount(self.low),
            "high": None if self.high is None else written_amount(self.high),
            "billed_seconds": self.billed_seconds,
            "attempts": self.attempts,
            "capacity": None if self.capacity is Capacity.UNKNOWN else self.capacity.value,
            "price_as_of": self.price_as_of,
            "children_read": None if self.children is None else self.children[0],
            "reason": self.reason,
        }

    def describe(self) -> str:
        """Write the cost as a sentence, without a full stop."""
        billed = f"{span(self.billed_seconds)} billed in {counted(self.attempts, 'attempt')}"
        if self.children is not None:
            read, size = self.children
            billed += f" of {counted(size, 'child', 'children')}"
            if self.is_estimate:
                billed += f", estimated from {read} of them"
        if self.high is None or self.low is None:
            return f"Cost: not known, because {self.reason}; {billed}"
        if not self.attempts:
            return (
                "Cost: not known, because no attempt has started (AWS bills the time of an image "
                "pull, but does not report it)"
            )
        amount = self._amount(self.low, self.high)
        return f"Cost: {amount} (image pull not counted); {billed}; prices of {self.price_as_of}"

    def _amount(self, low: Decimal, high: Decimal) -> str:
        if low == high:
            return f"at least {shown_amount(high, self.currency)}"
        if self.capacity is Capacity.UNKNOWN:
            spot = shown_amount(low, self.currency)
            return (
                f"at least {shown_amount(high, self.currency)} on demand, or {spot} on Fargate Spot"
            )
        return f"{shown_range(low, high, self.currency)} on {self.capacity}"


def cost_of(
    job: Job,
    prices: Prices,
    *,
    capacity: Capacity = Capacity.UNKNOWN,
    children: Sequence[Job] = (),
    now: datetime | None = None,
) -> Cost:
    """Return the least cost of a job.

    :param children: for an array, the children that were read.
    :param now: if given, a running attempt counts up to this moment.
    """
    size = job.array_size
    shape = _shape(job, children)
    spans = [span for each in (children if size else [job]) for span in _spans(each, now)]
    least = LEAST_SECONDS[shape.platform]
    seconds = sum(max(least, math.ceil(span.total_seconds())) for span in spans)
    if size and 0 < len(children) < size:
        seconds = math.ceil(Decimal(seconds) * size / len(children))
    price = hourly(shape, prices)
    reason = price.reason
    if size and not children:
        reason = "the children of the array could not be read"
    amount = None if price.amount is None or reason else price.amount * seconds / HOUR
    lowest = Decimal(1) if capacity is Capacity.ON_DEMAND else SPOT_LOWEST
    if shape.platform is Platform.WINDOWS:  # Fargate Spot does not run Windows
        lowest = Decimal(1)
    return Cost(
        high=amount,
        low=None if amount is None else amount * lowest,
        currency=price.currency,
        billed_seconds=seconds,
        attempts=len(spans),
        capacity=capacity,
        price_as_of=price.as_of,
        children=(len(children), size) if size else None,
        reason=reason,
    )


def children_to_read(job: Job) -> list[str]:
    """Return ids of an array's children to describe: all, or ``CHILDREN_READ`` evenly spread."""
    size = job.array_size or 0
    read = min(size, CHILDREN_READ)
    return [f"{job.id}:{number * size // read}" for number in range(read)]


def _shape(job: Job, children: Sequence[Job]) -> Shape:
    """Return what the job occupies; a child says more than its array."""
    best = next(iter(children), job)
    known = best.vcpu is not None and best.memory is not None
    return Shape(
        region=job.region,
        platform=Platform.of(best.operating_system, best.architecture),
        size=Size(best.vcpu, best.memory) if known else None,  # type: ignore[arg-type]
        storage=best.storage or FREE_STORAGE,
    )


def _spans(job: Job, now: datetime | None) -> Iterator[timedelta]:
    """Return how long each started attempt ran; AWS repeats the last attempt in the job itself."""
    ran = [(each.started_at, each.stopped_at) for each in job.attempts]
    starts = {start for start, _ in ran}
    if job.started_at not in starts:
        ran.append((job.started_at, job.stopped_at))
    for start, stop in ran:
        end = stop or now
        if start is not None and end is not None and end >= start:
            yield end - start
