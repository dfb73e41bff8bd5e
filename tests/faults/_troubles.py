"""What may go wrong between a client and AWS, as far as it can make or lose a job."""

from dataclasses import dataclass
from typing import Any, Final

READ_TIMEOUT: Final = 3.0
"""Seconds after which the clients give up; botocore's default is a minute."""
LATE: Final = 2.0
"""Seconds from then until a call that is late is accepted after all."""
OUTAGE: Final = 6.0
"""Seconds: more than a task needs to come to its submit, on the slowest line."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One row of the table.

    Attributes:
        name: What a person reads.
        faults: LocalBatch's, kind and options.
        outages: Whether connections are refused for ``OUTAGE`` seconds after every third call.
    """

    name: str
    faults: tuple[tuple[str, dict[str, Any]], ...] = ()
    outages: bool = False


def _third(kind: str, **options: Any) -> tuple[str, dict[str, Any]]:
    return kind, {"operation": "SubmitJob", "every": 3, **options}


CUT: Final = Trouble("cut by FIN, accepted", (_third("cut_after"),))

TROUBLES: Final = (
    # Nothing was accepted. Where that is not certain, all looks are made first: half a minute.
    Trouble("500, not accepted", (_third("error_before"),)),
    Trouble("cut by FIN, not accepted", (_third("cut_before"),)),
    Trouble("cut by RST, not accepted", (_third("reset_before"),)),
    Trouble("credentials expired", (_third("expired"),)),
    Trouble("throttled", (_third("throttle"),)),
    Trouble("connection refused", outages=True),
    # Accepted, but the client does not learn it.
    Trouble("500, accepted", (_third("error_after"),)),
    CUT,
    Trouble("cut by RST, accepted", (_third("reset_after"),)),
    Trouble("malformed answer", (_third("malformed"),)),
    Trouble("truncated answer", (_third("truncate"),)),
    Trouble("answer after read timeout", (_third("stall", seconds=READ_TIMEOUT + 1),)),
    Trouble("accepted after read timeout", (_third("latency", seconds=READ_TIMEOUT + LATE),)),
    # And then those who look for the job are misled.
    Trouble("answer lost, reads lag 4 s", (_third("cut_after"), ("lag", {"seconds": 4.0}))),
    Trouble(
        "answer lost, reads fail",
        (
            _third("cut_after"),
            ("error_before", {"operation": "ListJobs", "every": 2}),
            ("reset_after", {"operation": "DescribeJobs", "every": 2}),
        ),
    ),
    Trouble("answer lost, jobs vanish at times", (_third("cut_after"), ("vanish", {"every": 2}))),
    Trouble("answer lost, unknown states", (_third("cut_after"), ("unknown_status", {"every": 2}))),
)
