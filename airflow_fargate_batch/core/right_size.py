"""Right size of a job: what it used of its vCPU and memory, and the smaller size that would do."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from airflow_fargate_batch.core import fargate
from airflow_fargate_batch.core.fargate import Size
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.money import shown_amount, written_amount
from airflow_fargate_batch.core.pricing import (
    BUILT_IN,
    FREE_STORAGE,
    Hourly,
    Platform,
    Prices,
    Shape,
    hourly,
)
from airflow_fargate_batch.core.surroundings import ComputeEnvironment
from airflow_fargate_batch.core.usage import TaskPlace, Usage

MEMORY_MARGIN: Final = Decimal("1.25")
"""Factor on the peak of memory: minute values miss short peaks, and too little memory kills."""
CPU_MARGIN: Final = Decimal("1.1")
"""Factor on the peak of CPU: too little CPU only takes longer."""
PERCENT: Final = 100
WINDOWS_VCPU: Final = Decimal(1)
"""Amazon ECS Developer Guide, "Fargate task size": Windows begins at 1 vCPU."""
SWITCH_ON: Final = (
    "CPU and memory use is not recorded: Container Insights is off. To record it (CloudWatch"
    " charges for custom metrics): aws batch update-compute-environment --compute-environment"
    " {environment} --ecs-settings containerInsights=ENHANCED"
)
NO_PRICE: Final = Hourly()
NOT_RECORDED: Final = (
    "CPU and memory use: no figures of this job. They arrive some minutes late, CloudWatch keeps"
    " them for a limited time, and a job of less than a minute may have none."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RightSize:
    """A job's size beside what it used.

    Attributes:
        size: ``None`` if AWS did not tell.
        usage: ``None`` without figures: see *missing*.
        smaller: A smaller Fargate size that holds the peaks, with a margin; ``None`` if none does.
        price, smaller_price: Prices of both sizes for an hour on demand, if known.
        missing: Why there are no figures, as a sentence.
    """

    size: Size | None = None
    usage: Usage | None = None
    smaller: Size | None = None
    missing: str | None = None
    price: Hourly = NO_PRICE
    smaller_price: Hourly = NO_PRICE

    def to_lines(self) -> list[str]:
        """Write use and advice for people."""
        if self.usage is None:
            return [self.missing] if self.missing else []
        lines = [f"Used: {_used(self.usage, self.size)}"]
        if self.smaller is not None:
            lines.append(
                f"Right size: {self.smaller} would do (peaks with a margin of"
                f" {_percent(MEMORY_MARGIN)} memory and {_percent(CPU_MARGIN)} CPU){self._saving()}"
            )
        return lines

    def _saving(self) -> str:
        """Write what the smaller size saves; nothing without prices."""
        now, then = self.price.amount, self.smaller_price.amount
        if not now or then is None or self.price.currency != self.smaller_price.currency:
            return ""
        currency = self.price.currency
        percent = (now - then) * PERCENT / now
        return (
            f": {shown_amount(then, currency)} instead of {shown_amount(now, currency)} an hour"
            f" on demand, {percent:.0f} % less"
        )

    def to_json(self) -> dict[str, Any]:
        """Write the figures: vCPU and MiB; ``None`` means unknown."""
        usage = self.usage or Usage()
        return {
            "cpu_average": _float(usage.cpu_average),
            "cpu_peak": _float(usage.cpu_peak),
            "memory_peak": _float(usage.memory_peak),
            "minutes": usage.minutes,
            "smaller_vcpu": None if self.smaller is None else float(self.smaller.vcpu),
            "smaller_memory": None if self.smaller is None else self.smaller.memory,
            "hourly": _written(self.price),
            "smaller_hourly": _written(self.smaller_price),
            "currency": self.price.currency,
        }


def right_size(
    job: Job, usage: Usage | None, *, prices: Prices = BUILT_IN, missing: str | None = None
) -> RightSize:
    """Compare a job's size with its use.

    :param missing: why there is no *usage*.
    """
    if job.vcpu is None or job.memory is None:
        return RightSize(usage=usage, missing=missing)
    size = Size(job.vcpu, job.memory)
    platform = Platform.of(job.operating_system, job.architecture)
    shape = Shape(
        region=job.region, platform=platform, size=size, storage=job.storage or FREE_STORAGE
    )
    is_windows = platform is Platform.WINDOWS
    smaller = None if usage is None else _smaller(size, usage, is_windows=is_windows)
    return RightSize(
        size=size,
        usage=usage,
        smaller=smaller,
        missing=missing,
        price=hourly(shape, prices),
        smaller_price=hourly(replace(shape, size=smaller), prices) if smaller else NO_PRICE,
    )


def records_use(environment: ComputeEnvironment | None) -> bool:
    """Return whether Container Insights is on; True if in doubt."""
    mode = None if environment is None else environment.container_insights or "DISABLED"
    return mode != "DISABLED"


def any_records_use(environments: Iterable[ComputeEnvironment]) -> bool:
    """Return whether Container Insights is certainly on somewhere."""
    return any(records_use(each) for each in environments)


def compute_environment_of(
    job: Job, environments: Iterable[ComputeEnvironment]
) -> ComputeEnvironment | None:
    """Return the compute environment in whose cluster the job ran."""
    place = TaskPlace.of(job)
    found = (
        each
        for each in environments
        if place and (each.cluster_arn or "").endswith(f"cluster/{place.cluster}")
    )
    return next(found, None)


def why_missing(environment: ComputeEnvironment | None) -> str:
    """Return why there are no figures, and how to get some."""
    if environment is None or records_use(environment):
        return NOT_RECORDED
    return SWITCH_ON.format(environment=environment.name)


def _smaller(size: Size, usage: Usage, *, is_windows: bool) -> Size | None:
    """Return the smallest size that holds the peaks; never more of either than the job has."""
    if usage.memory_peak is None or usage.cpu_peak is None:
        return None
    memory = min(_up(usage.memory_peak * MEMORY_MARGIN), size.memory)
    vcpu = min(usage.cpu_peak * CPU_MARGIN, size.vcpu)
    found = fargate.smallest_that_holds(max(vcpu, WINDOWS_VCPU) if is_windows else vcpu, memory)
    is_smaller = found is not None and found != size and found.memory <= size.memory
    return found if is_smaller else None


def _used(usage: Usage, size: Size | None) -> str:
    parts = []
    if usage.memory_peak is not None:
        of = "" if size is None else f" of {size.memory}"
        parts.append(f"up to {_up(usage.memory_peak)}{of} MiB memory")
    if usage.cpu_peak is not None:
        of = "" if size is None else f" of {_plain(size.vcpu)}"
        average = "" if usage.cpu_average is None else f" ({_plain(usage.cpu_average)} on average)"
        parts.append(f"up to {_plain(usage.cpu_peak)}{of} vCPU{average}")
    return f"{', '.join(parts) or 'no figures'} ({usage.minutes} minute values)"


def _written(price: Hourly) -> float | None:
    return None if price.amount is None else written_amount(price.amount)


def _up(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))


def _plain(value: Decimal) -> str:
    return f"{round(value, 2).normalize():f}"


def _percent(factor: Decimal) -> str:
    return f"{(factor - 1) * 100:.0f} %"


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
