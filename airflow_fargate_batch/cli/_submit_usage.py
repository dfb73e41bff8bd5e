"""Flags of ``submit`` that do not go together."""

from airflow_fargate_batch.cli._shared_options import WaitingOptions
from airflow_fargate_batch.cli._submit_flags import SubmitFlags


def misuse(options: SubmitFlags) -> str | None:
    """Return what is wrong with the flags beside each other, with the next step."""
    of_wait = WaitingOptions.own_flags()
    if not options.wait and any(map(options.is_flagged, of_wait)):
        names = ", ".join(each.name for each in of_wait)
        return f"{names} need --wait; to limit the job itself, use --job-timeout"
    exclusive = (
        (SubmitFlags.from_json, SubmitFlags.from_file),
        (SubmitFlags.items_file, SubmitFlags.from_file),
        (SubmitFlags.retry_attempts, SubmitFlags.retry_strategy),
    )
    for one, other in exclusive:
        if options.is_flagged(one) and options.is_flagged(other):
            return f"{one.name} and {other.name} cannot be used together: remove one of them"
    return None
