"""What goes wrong between Airflow and AWS while the run lasts, each with its probability a call."""

from collections.abc import Iterable
from typing import Any, Final

from airflow_fargate_batch.local import LocalBatch

SUBMIT_FAULTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("throttle", {"probability": 0.10}),
    ("error_before", {"probability": 0.03}),
    ("cut_before", {"probability": 0.03}),
    ("error_after", {"probability": 0.06}),
    ("cut_after", {"probability": 0.08}),
    ("reset_after", {"probability": 0.05}),
    ("malformed", {"probability": 0.04}),
    ("truncate", {"probability": 0.04}),
    ("stall", {"probability": 0.20, "seconds": 2.0}),
    ("latency", {"probability": 0.15, "seconds": 1.0}),
)
"""Of SubmitJob: three calls in ten lose their answer, most of them after the job was made."""

READ_FAULTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("lag", {"probability": 0.30, "seconds": 4.0}),
    ("throttle", {"probability": 0.08}),
    ("error_before", {"probability": 0.04}),
    ("cut_after", {"probability": 0.04}),
    ("malformed", {"probability": 0.03}),
    ("latency", {"probability": 0.10, "seconds": 0.5}),
)

TERMINATE_FAULTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("throttle", {"probability": 0.10}),
    ("error_before", {"probability": 0.05}),
    ("cut_after", {"probability": 0.10}),
)

_ALL: Final[dict[str, Iterable[tuple[str, dict[str, Any]]]]] = {
    "SubmitJob": SUBMIT_FAULTS,
    "ListJobs": READ_FAULTS,
    "DescribeJobs": READ_FAULTS,
    "TerminateJob": TERMINATE_FAULTS,
}


def add_faults(aws: LocalBatch) -> None:
    """Set all of them to work."""
    for operation, faults in _ALL.items():
        for kind, options in faults:
            aws.faults.add(kind, operation=operation, **options)
