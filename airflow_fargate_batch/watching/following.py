"""A DescribeJobs loop without asyncio, for a worker or a command that waits for its own jobs.

``core.polling`` plans the calls, and ``conversation`` interprets answers and errors, as for the
``poller`` of a triggerer.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator

from airflow_fargate_batch.core.backoff import POLL_INTERVAL
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.polling import POLL_TIMES, PollTimes
from airflow_fargate_batch.core.watchlist import Watchlist
from airflow_fargate_batch.exceptions import JobLost
from airflow_fargate_batch.watching.conversation import Conversation

Describe = Callable[[list[str]], Iterable[Job]]


def follow(
    job_ids: Iterable[str],
    *,
    describe: Describe,
    interval: float = POLL_INTERVAL,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
    chance: Callable[[], float] = random.random,
    times: PollTimes = POLL_TIMES,
) -> Iterator[Job | None]:
    """Yield each change of the jobs until all have ended; ``None`` after a second without change.

    At each ``None`` the caller may look at the time; to give up, stop iterating.

    :param describe: asks AWS about up to 100 ids, in one call; may leave ids out
    :raises JobLost: AWS no longer knows a job; raised after all other jobs have ended
    :raises AccessDenied: AWS refused DescribeJobs for five minutes
    :raises CredentialsMissing: DescribeJobs was not possible for five minutes
    """
    watchlist = Watchlist(chance=chance, times=times)
    conversation = Conversation(watchlist, times.refusal_patience)
    for job_id in job_ids:
        watchlist.add(job_id, interval=interval, now=now())
    lost: list[JobLost] = []
    while len(watchlist):
        ids = watchlist.schedule.take(now())
        if not ids:
            sleep(times.nap(watchlist.schedule.next_call_at(), now()))
            yield None
            continue
        try:
            answer: Iterable[Job] | Exception = list(describe(ids))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the call's, not the jobs'
            answer = error
        for update in conversation.digest(ids, answer, now()):
            if isinstance(update, JobLost):
                lost.append(update)
            else:
                yield update
    if lost:
        raise lost[0]
