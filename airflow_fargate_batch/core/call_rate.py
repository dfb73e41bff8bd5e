"""Rate of calls that adapts to throttles."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class CallRate:
    """Calls a second: cut by a throttle, and regained little by little with accepted calls.

    Attributes:
        fastest: Calls a second that are never exceeded; the rate begins there.
        slowest: Calls a second that remain after any number of throttles.
        gain: Calls a second, regained with each accepted call.
        cut: Factor of the rate after a throttle.
        settling: Seconds after a throttle in which further throttles do not count: calls that
            were sent before the cut.
        value: The present rate.
    """

    fastest: float
    slowest: float
    gain: float
    cut: float = 0.5
    settling: float = 0.0
    value: float = field(init=False)
    _next: float = field(default=float("-inf"), init=False)
    _cut_at: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        self.value = self.fastest

    @property
    def gap(self) -> float:
        """Seconds from one call to the next."""
        return 1 / self.value

    def delay(self, now: float) -> float:
        """Return the seconds until the next call may be made."""
        return max(0.0, self._next - now)

    def called(self, now: float) -> None:
        """Record a call, made at *now* or planned for *now*."""
        self._next = max(self._next, now + self.gap)

    def accepted(self) -> None:
        """Record an accepted call."""
        self.value = min(self.fastest, self.value + self.gain)

    def throttled(self, now: float) -> None:
        """Record a throttled call."""
        if now - self._cut_at < self.settling:
            return
        self._cut_at = now
        self.value = max(self.slowest, self.value * self.cut)
        self.called(now)
