"""Fault injection: failures between a client and AWS, as a table, repeatable by a seed."""

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Final

from airflow_fargate_batch.local.clock import Clock
from airflow_fargate_batch.local.jobs import LocalJob
from airflow_fargate_batch.local.messages import Ending, Response, refused
from airflow_fargate_batch.local.refusal import Refusal

UNKNOWN_STATUS: Final = "REBALANCING"
"""A state that no version of the API has, for `unknown_status`."""

REFUSALS: Final[dict[str, Refusal]] = {
    "throttle": Refusal("Too Many Requests", "TooManyRequestsException", 429),
    "error_before": Refusal("Internal server error", "ServerException", 500),
    "expired": Refusal(
        "The security token included in the request is expired", "ExpiredTokenException", 403
    ),
    "denied": Refusal("not authorized", "AccessDeniedException", 403),
}
"""Refusals: the call is not carried out. The message of ``denied`` depends on the call."""

CUTS_BEFORE: Final[dict[str, Ending]] = {
    "cut_before": Ending.CLOSED,
    "reset_before": Ending.RESET,
}
"""The connection ends, and the call is not carried out."""

LOST_ANSWERS: Final[dict[str, Response]] = {
    "error_after": refused(REFUSALS["error_before"]),
    "cut_after": Response(ending=Ending.CLOSED),
    "reset_after": Response(ending=Ending.RESET),
    "malformed": Response(body=b'{"jobs": [{"jobId"'),
}
"""The call is carried out, but the client gets this response instead of the answer."""

KINDS: Final = (
    *REFUSALS,
    *CUTS_BEFORE,
    *LOST_ANSWERS,
    "truncate",  # the call is carried out; the answer is cut off in the middle
    "stall",  # the call is carried out; the answer arrives `seconds` late
    "latency",  # the call is carried out `seconds` late
    "lag",  # reads show the state `seconds` ago
    "vanish",  # reads leave out jobs that are `seconds` old
    "unknown_status",  # reads show an undocumented state
    "empty_page",  # GetLogEvents returns an empty page although more events follow
)

_READS: Final = ("batch:DescribeJobs", "batch:ListJobs")
_ONLY: Final[dict[str, tuple[str, ...]]] = {
    "lag": _READS,
    "vanish": _READS,
    "unknown_status": _READS,
    "empty_page": ("logs:GetLogEvents",),
}
"""Faults limited to some operations: other calls are neither affected nor counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault, and a filter for the affected calls.

    Attributes:
        kind: One of `KINDS`.
        operation: Pattern of operations of AWS Batch, ``SubmitJob`` or ``Describe*``; with a prefix
            for another service, ``logs:GetLogEvents``.
        every: Apply to every nth call only.
        probability: Apply to a call with this probability.
        skip: Do not apply to the first n calls.
        times: Apply to at most n calls.
        rate: Apply to calls above n per second; bursts of up to n calls are allowed.
        seconds: Duration, for kinds that have a duration.
        status: HTTP status of ``error_before`` and ``error_after``. ``None`` means 500.
        job: Pattern of job names, for kinds that change jobs in reads.
    """

    kind: str
    operation: str = "*"
    every: int | None = None
    probability: float = 1.0
    skip: int = 0
    times: int | None = None
    rate: float | None = None
    seconds: float = 0.0
    status: int | None = None
    job: str = "*"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; the kinds are {', '.join(KINDS)}")
        if (self.every is not None and self.every < 1) or (
            self.rate is not None and self.rate <= 0
        ):
            raise ValueError("every and rate must be greater than 0")

    @property
    def action(self) -> str:
        """Pattern of affected actions, with the service prefix."""
        prefix = "logs:" if self.kind == "empty_page" else "batch:"
        return self.operation if ":" in self.operation else prefix + self.operation

    def response(self, instead_of: Response) -> Response:
        """Return the response that replaces the answer of a carried-out call."""
        if self.kind == "truncate":
            return replace(instead_of, ending=Ending.CUT_SHORT)
        lost = LOST_ANSWERS.get(self.kind, instead_of)
        return replace(lost, status=self.status) if self.status and lost.status >= 500 else lost


@dataclass(slots=True)
class _Active:
    """State of an active fault: counts of calls, and a random generator of its own."""

    fault: Fault
    dice: random.Random
    seen: int = 0
    hits: int = 0
    tokens: float = 0.0
    filled_at: float = 0.0

    def strikes(self, now: float) -> bool:
        fault = self.fault
        self.seen += 1
        if self.seen <= fault.skip or (fault.times is not None and self.hits >= fault.times):
            return False
        if fault.every is not None and (self.seen - fault.skip) % fault.every:
            return False
        if fault.probability < 1 and self.dice.random() >= fault.probability:
            return False
        if fault.rate is not None and self._has_token(now, fault.rate):
            return False
        self.hits += 1
        return True

    def _has_token(self, now: float, rate: float) -> bool:
        """Take a token from a bucket that holds one second of tokens, at least one token."""
        self.tokens = min(max(rate, 1.0), self.tokens + (now - self.filled_at) * rate)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Faults:
    """Active faults. Equal seeds and equal calls give equal faults."""

    def __init__(self, *, clock: Clock, seed: int | None) -> None:
        self._clock = clock
        self._seed = seed
        self._active: list[_Active] = []
        self._made = 0
        self._lock = threading.Lock()

    def add(self, kind: str, **options: Any) -> Fault:
        """Add a fault; *options* are the attributes of `Fault`. ``TypeError`` for others."""
        fault = Fault(kind=kind, **options)
        with self._lock:
            self._made += 1
            seed = None if self._seed is None else f"{self._seed}/{self._made}"
            self._active.append(_Active(fault, random.Random(seed)))  # noqa: S311 - dice
        return fault

    def remove(self, fault: Fault) -> None:
        """Remove one fault."""
        with self._lock:
            self._active = [active for active in self._active if active.fault is not fault]

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._active = []

    def listed(self) -> list[Fault]:
        """List the active faults."""
        return [active.fault for active in self._active]

    def draw(self, actions: Iterable[str]) -> list[Fault]:
        """Return the faults that affect a call.

        :param actions: IAM actions that the call needs; the action of the operation comes first.
        """
        if not self._active:
            return []
        own, *others = actions
        with self._lock:
            now = self._clock.now()
            return [
                active.fault
                for active in self._active
                if _is_about(active.fault, own, others) and active.strikes(now)
            ]


def _is_about(fault: Fault, own: str, others: list[str]) -> bool:
    """Return whether a fault affects a call: ``denied`` by any action, others by the first."""
    actions = [own, *others] if fault.kind == "denied" else [own]
    if own not in _ONLY.get(fault.kind, [own]):
        return False
    return any(fnmatchcase(action, fault.action) for action in actions)


@dataclass(frozen=True, slots=True)
class Distortion:
    """Differences between a read and the true state."""

    faults: tuple[Fault, ...] = ()

    @property
    def lag(self) -> float:
        """Seconds by which the read lags."""
        return max((fault.seconds for fault in self.faults if fault.kind == "lag"), default=0.0)

    def hides(self, job: LocalJob, now: float) -> bool:
        """Return whether the read leaves the job out."""
        return any(
            fault.kind == "vanish" and now - job.created_at >= fault.seconds
            for fault in self._about(job)
        )

    def blurs(self, job: LocalJob) -> bool:
        """Return whether the read shows an undocumented state."""
        return any(fault.kind == "unknown_status" for fault in self._about(job))

    def _about(self, job: LocalJob) -> list[Fault]:
        return [fault for fault in self.faults if fnmatchcase(job.submission.name, fault.job)]


def parse_fault(text: str) -> tuple[str, dict[str, Any]]:
    """Parse ``throttle:operation=SubmitJob,every=3``; raise ``ValueError`` for a mistake."""
    kind, _, listed = text.partition(":")
    options: dict[str, Any] = {}
    for part in filter(None, listed.split(",")):
        name, equals, value = part.partition("=")
        convert = _CONVERT.get(name)
        if convert is None or not equals:
            raise ValueError(f"{part!r} must be OPTION=VALUE; options: {', '.join(_CONVERT)}")
        try:
            options[name] = convert(value)
        except ValueError:
            raise ValueError(f"{part!r}: {name} must be a number") from None
    Fault(kind=kind, **options)
    return kind, options


_CONVERT: Final[dict[str, Callable[[str], Any]]] = {
    "operation": str,
    "every": int,
    "probability": float,
    "skip": int,
    "times": int,
    "rate": float,
    "seconds": float,
    "status": int,
    "job": str,
}
