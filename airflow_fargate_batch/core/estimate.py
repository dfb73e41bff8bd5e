"""Price of a job that has not run: an hour, its timeout, and a cheaper size."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from airflow_fargate_batch.core.fargate import Size
from airflow_fargate_batch.core.listing import counted
from airflow_fargate_batch.core.money import shown_amount
from airflow_fargate_batch.core.narration import span
from airflow_fargate_batch.core.pricing import HOUR, Hourly, Prices, Shape, fewer_vcpus, hourly
from airflow_fargate_batch.core.request import JobRequest

_CONTAINERS: Final = "the job definition may have containers that the request does not name"
_REGION: Final = re.compile(r"arn:[^:]+:batch:([a-z0-9-]+):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Price of a job before it runs.

    Attributes:
        hour: Price of one job for an hour, on demand.
        jobs: Number of children of an array; 1 for a job.
        timeout: Limit of an attempt, in seconds; ``None`` means no limit.
        cheaper: The next smaller vCPU value with the same memory, and its price for an hour.
    """

    shape: Shape
    hour: Hourly
    jobs: int = 1
    timeout: int | None = None
    cheaper: tuple[Size, Decimal] | None = None

    @property
    def until_timeout(self) -> Decimal | None:
        """Price of one attempt of each job that runs until its timeout."""
        if self.hour.amount is None or self.timeout is None:
            return None
        return self.hour.amount * self.jobs * self.timeout / HOUR

    def describe(self) -> list[str]:
        """Write the estimate in lines."""
        if self.hour.amount is None or self.shape.size is None:
            return [f"Cost: no estimate, because {self.hour.reason}"]
        currency = self.hour.currency
        place = f"{self.shape.platform.label} in {self.shape.region}"
        line = f"Cost: {shown_amount(self.hour.amount, currency)} an hour for {self.shape.size}"
        if self.jobs > 1:
            line += (
                f", {shown_amount(self.hour.amount * self.jobs, currency)} for {self.jobs} children"
            )
        lines = [f"{line} ({place}, on demand, prices of {self.hour.as_of})"]
        if self.until_timeout is not None and self.timeout is not None:
            each = "one attempt of each child" if self.jobs > 1 else "one attempt"
            lines.append(
                f"Cost: at most {shown_amount(self.until_timeout, currency)} for {each} that runs "
                f"until its timeout of {span(self.timeout)}, image pull excluded"
            )
        if self.cheaper is not None:
            size, amount = self.cheaper
            less = (1 - amount / self.hour.amount) * 100
            lines.append(
                f"Cost: {size} has the same memory and costs {shown_amount(amount, currency)} "
                f"an hour, {less:.0f} % less"
            )
        return lines


def estimate(
    shape: Shape, prices: Prices, *, jobs: int = 1, timeout: int | None = None
) -> Estimate:
    """Return the price of a job that has not run.

    :param jobs: number of children of an array, 1 for a job.
    :param timeout: limit of an attempt, in seconds.
    """
    smaller = None if shape.size is None else fewer_vcpus(shape.size, shape.platform)
    cheaper = None
    if smaller is not None:
        fewer = Shape(
            region=shape.region, platform=shape.platform, size=smaller, storage=shape.storage
        )
        amount = hourly(fewer, prices).amount
        cheaper = None if amount is None else (smaller, amount)
    return Estimate(
        shape=shape, hour=hourly(shape, prices), jobs=jobs, timeout=timeout, cheaper=cheaper
    )


def estimate_request(request: JobRequest, prices: Prices, *, region: str | None) -> Estimate:
    """Return the price of a request, for Linux x86: a dry run does not read the job definition.

    :param region: used if neither queue nor definition is an ARN; ``None`` means not known.
    """
    arns = (_REGION.match(text) for text in (request.job_queue, request.job_definition))
    region = next((arn[1] for arn in arns if arn), region)
    if request.ecs is not None:
        return Estimate(shape=Shape(region=region, size=None), hour=Hourly(reason=_CONTAINERS))
    vcpu, memory = request.size.vcpu, request.size.memory
    size = None if vcpu is None or memory is None else Size(vcpu, memory)
    return estimate(
        Shape(region=region, size=size),
        prices,
        jobs=request.array_size or 1,
        timeout=request.job_timeout,
    )


def describe_all(estimates: Iterable[Estimate]) -> list[str]:
    """Write the estimates of several requests in lines: each of one request, or their sum."""
    listed = list(estimates)
    if len(listed) == 1:
        return listed[0].describe()
    known = [(each.hour, each.jobs) for each in listed if each.hour.amount is not None]
    lines = []
    for currency in sorted({hour.currency for hour, _ in known}):
        same = [(hour, jobs) for hour, jobs in known if hour.currency == currency]
        amounts = (hour.amount * jobs for hour, jobs in same if hour.amount is not None)
        amount = shown_amount(sum(amounts, Decimal(0)), currency)
        lines.append(
            f"Cost: {amount} an hour if all jobs of {counted(len(same), 'request')} run at once "
            f"(on demand, prices of {min(hour.as_of or '' for hour, _ in same)})"
        )
    for reason in sorted({each.hour.reason for each in listed if each.hour.reason}):
        count = sum(each.hour.reason == reason for each in listed)
        lines.append(f"Cost: no estimate for {counted(count, 'request')}, because {reason}")
    return lines
