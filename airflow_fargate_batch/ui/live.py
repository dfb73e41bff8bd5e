"""What AWS says about jobs at this moment, asked in bulk, kept for some seconds, never in a hurry.

The API server shares its threads with Airflow's own pages. So calls are short, a connection that
fails is left alone for a while, and a page without an answer shows what Airflow recorded.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.limits import DESCRIBE_JOBS
from airflow_fargate_batch.exceptions import AwsError
from airflow_fargate_batch.ui.records import JobReference

if TYPE_CHECKING:
    from airflow_fargate_batch.hooks import FargateBatchHook

FRESH: Final = 5.0
"""Seconds in which an answer is shown again instead of a new call."""
PAUSE: Final = 15.0
"""Seconds in which a connection is not asked after AWS refused, throttled or did not answer."""
KEPT: Final = 5000
"""Jobs kept in memory."""
TIMEOUTS: Final = {"connect_timeout": 2, "read_timeout": 4, "retries": {"total_max_attempts": 1}}

ConnectedRegion = tuple[str | None, str]
"""Connection and region."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A job as AWS described it.

    Attributes:
        job: ``None`` if AWS does not know the job (any more).
        at: Moment of the answer.
    """

    job: Job | None
    at: datetime


@dataclass(slots=True)
class _Connected:
    hook: "FargateBatchHook | None" = None
    trouble: str | None = None
    asks_again_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class LiveJobs:
    """Describes jobs through the connections of their tasks.

    :param connect: makes the hook of a connection and a region; raises ``AwsError`` with the reason
        if the API server cannot use the connection.
    """

    def __init__(
        self,
        connect: "Callable[[str | None, str], FargateBatchHook]",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._now = now
        self._places: dict[ConnectedRegion, _Connected] = {}
        self._seen: dict[JobReference, tuple[float, Seen]] = {}
        self._lock = threading.Lock()

    def describe(self, references: Iterable[JobReference]) -> dict[JobReference, Seen]:
        """Return the jobs, fresh or as last seen; jobs that were never seen are missing."""
        wanted = list(dict.fromkeys(references))
        stale = [each for each in wanted if not self._is_fresh(each)]
        by_place: dict[ConnectedRegion, list[JobReference]] = {}
        for each in stale:
            by_place.setdefault((each.connection, each.region), []).append(each)
        for place, group in by_place.items():
            for start in range(0, len(group), DESCRIBE_JOBS):
                self._ask(place, group[start : start + DESCRIBE_JOBS])
        with self._lock:
            return {each: self._seen[each][1] for each in wanted if each in self._seen}

    def trouble(self, references: Iterable[JobReference]) -> list[str]:
        """Return why AWS did not answer about some jobs, each reason once."""
        places = dict.fromkeys((each.connection, each.region) for each in references)
        found = (self._places[place].trouble for place in places if place in self._places)
        return list(dict.fromkeys(text for text in found if text))

    def hook(self, reference: JobReference) -> "FargateBatchHook | None":
        """Return the hook of a job's connection, for its log; ``None`` if there is trouble."""
        connected = self._connected((reference.connection, reference.region))
        return None if connected.trouble else connected.hook

    def _is_fresh(self, reference: JobReference) -> bool:
        with self._lock:
            at, seen = self._seen.get(reference, (float("-inf"), None))
        is_final = seen is not None and seen.job is not None and seen.job.status.is_final
        return is_final or self._now() - at < FRESH

    def _ask(self, place: ConnectedRegion, group: Sequence[JobReference]) -> None:
        connected = self._connected(place)
        with connected.lock:  # one call at a time; meanwhile another page may have asked
            group = [each for each in group if not self._is_fresh(each)]
            if not group or self._now() < connected.asks_again_at:
                return
            try:
                if connected.hook is None:
                    connected.hook = self._connect(*place)
                answer = connected.hook.describe([each.job_id for each in group])
            except Exception as error:  # noqa: BLE001 - whatever a connection raises; Airflow's records remain
                connected.trouble = _reason(error)
                connected.asks_again_at = self._now() + PAUSE
                return
            connected.trouble = None
        self._keep(group, answer)

    def _keep(self, group: Sequence[JobReference], answer: Sequence[Job]) -> None:
        jobs, at = {job.id: job for job in answer}, datetime.now(UTC)
        with self._lock:
            for each in group:
                self._seen.pop(each, None)
                self._seen[each] = self._now(), Seen(jobs.get(each.job_id), at)
            for oldest in list(self._seen)[: max(0, len(self._seen) - KEPT)]:
                del self._seen[oldest]

    def _connected(self, place: ConnectedRegion) -> _Connected:
        with self._lock:
            return self._places.setdefault(place, _Connected())


def connected_hook(connection: str | None, region: str) -> "FargateBatchHook":
    """Make a hook in the API server.

    A missing connection would make the Amazon provider use the credentials of the API server, so
    such a connection is refused.

    :raises AwsError: the connection is not known, or does not exist.
    """
    from airflow_fargate_batch.hooks import FargateBatchHook  # loads boto3

    if connection is None:
        raise AwsError(
            "the task has no Airflow connection on record, and the API server uses no credentials "
            "of its own"
        )
    try:
        FargateBatchHook.get_connection(connection)
    except Exception as error:  # whatever a secrets backend raises; Airflow's records remain
        raise AwsError(
            f"the API server finds no connection {connection}; create it (it may be empty)"
        ) from error
    return FargateBatchHook(aws_conn_id=connection, region_name=region, config=TIMEOUTS)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, AwsError) else f"{type(error).__name__}: {error}"
