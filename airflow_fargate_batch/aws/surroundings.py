"""Lookup of the queue, compute environments, policy and definition around a job.

The fewest calls: one for the queue, one for all its compute environments, one for the scheduling
policy if the queue has one, one for the definition. Answers are kept in the process for
``KEPT_FOR`` seconds, for all threads.
"""

import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, Final, Protocol, TypeVar

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.definition import JobDefinition
from airflow_fargate_batch.core.naming import base_name
from airflow_fargate_batch.core.surroundings import (
    DEFINITION,
    ENVIRONMENTS,
    JOB_QUEUE,
    POLICY,
    ComputeEnvironment,
    JobQueue,
    SchedulingPolicy,
    Surroundings,
    Unread,
)
from airflow_fargate_batch.exceptions import AwsError

KEPT_FOR: Final = 180.0
"""Seconds; an administrator's change is seen that much later, unless *fresh* is asked for."""
MOST_KEPT: Final = 1_000
"""Number of answers to keep; more are made only by a process that serves many queues."""

Answer = TypeVar("Answer")


class Caller(Protocol):
    """A way to make a call, for example with retries."""

    def __call__(self, call: Callable[[], Answer], /) -> Answer:
        """Make the call and return its answer."""


def once(call: Callable[[], Answer], /) -> Answer:
    """Make a call without retries."""
    return call()


@dataclass(slots=True)
class _Entry:
    lock: Lock = field(default_factory=Lock)
    value: Any = None
    until: float = float("-inf")


class _Kept:
    """Answers by key, for some time. Threads that want the same answer make one call."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: dict[Hashable, _Entry] = {}

    def get(
        self, key: Hashable, ask: Callable[[], Answer | None], *, now: float, fresh: bool
    ) -> tuple[Answer | None, bool]:
        """Return the answer, and whether it was kept; nothing found and errors are not kept."""
        with self._lock:
            if len(self._entries) >= MOST_KEPT and key not in self._entries:
                self._entries.clear()
            entry = self._entries.setdefault(key, _Entry())
        with entry.lock:
            if not fresh and now < entry.until:
                return entry.value, True
            entry.value, entry.until = None, float("-inf")
            if (answer := ask()) is not None:
                entry.value, entry.until = answer, now + KEPT_FOR
            return answer, False


_KEPT: Final = _Kept()


class SurroundingsReader:
    """Looks up what stands around a job; no lookup that fails raises.

    :param scope: distinguishes accounts and regions among the kept answers: equal only for clients
        that see the same resources.
    :param call: makes each call, for example with retries.
    """

    def __init__(
        self,
        api: BatchApi,
        *,
        scope: Hashable,
        call: Caller = once,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._scope = scope
        self._call = call
        self._now = now

    def read(
        self,
        *,
        queue: str | None = None,
        definition: str | None = None,
        policy: bool = True,
        fresh: bool = False,
    ) -> Surroundings:
        """Look up a queue and a definition, each by name or ARN, and what belongs to them.

        :param queue: omitted: neither queue nor compute environments are looked up.
        :param definition: name, ``name:revision`` or ARN; omitted: not looked up.
        :param policy: whether to look up the queue's scheduling policy.
        :param fresh: whether to ask AWS even if an answer is kept.
        """
        lookup = _Lookup(self._api, partial(self._kept, fresh=fresh))
        job_queue = lookup.queue(queue) if queue else None
        job_definition = lookup.definition(definition) if definition else None
        is_usable = job_definition is not None and job_definition.is_active
        return Surroundings(
            queue=job_queue,
            environments=lookup.environments(job_queue) if job_queue else (),
            policy=lookup.policy(job_queue) if job_queue and policy else None,
            definition=job_definition,
            newest_definition=lookup.newest(definition) if definition and not is_usable else None,
            unread=tuple(lookup.unread),
            missing=frozenset(lookup.missing),
            known_names=lookup.known_names,
            is_kept=lookup.is_kept,
        )

    def _kept(
        self, key: Hashable, ask: Callable[[], Answer | None], *, fresh: bool
    ) -> tuple[Answer | None, bool]:
        def call() -> Answer | None:
            return self._call(ask)

        return _KEPT.get((self._scope, key), call, now=self._now(), fresh=fresh)


class _Get(Protocol):
    def __call__(
        self, key: Hashable, ask: Callable[[], Answer | None], /
    ) -> tuple[Answer | None, bool]: ...


class _Lookup:
    """The lookups of one read, with their failures."""

    def __init__(self, api: BatchApi, get: _Get) -> None:
        self._api = api
        self._get = get
        self.is_kept = False
        self.unread: list[Unread] = []
        self.missing: set[str] = set()
        self.known_names: dict[str, tuple[str, ...]] = {}

    def queue(self, name: str) -> JobQueue | None:
        found = self._ask(JOB_QUEUE, name, lambda: next(iter(self._api.job_queues([name])), None))
        if found is None:
            self._suggest(JOB_QUEUE, lambda: [queue.name for queue in self._api.job_queues()])
        return found

    def environments(self, queue: JobQueue) -> tuple[ComputeEnvironment, ...]:
        if not queue.environments:
            return ()
        ask = partial(self._api.compute_environments, queue.environments)
        order = {arn: place for place, arn in enumerate(queue.environments)}
        found = self._ask(ENVIRONMENTS, queue.environments, ask) or []
        return tuple(sorted(found, key=lambda each: order.get(each.arn, len(order))))

    def policy(self, queue: JobQueue) -> SchedulingPolicy | None:
        if queue.policy_arn is None:
            return None
        ask = partial(self._api.scheduling_policy, queue.policy_arn)
        return self._ask(POLICY, queue.policy_arn, ask)

    def definition(self, name: str) -> JobDefinition | None:
        return self._ask(DEFINITION, name, partial(self._api.job_definition, name))

    def newest(self, name: str) -> JobDefinition | None:
        """Return the newest active revision of a name; without any, list the names that exist."""
        if self._has_failed(DEFINITION):
            return None
        bare = base_name(name)
        newest: JobDefinition | None = None
        if bare != name:
            with suppress(AwsError):
                newest = self._kept((DEFINITION, bare), partial(self._api.job_definition, bare))
        if newest is None:
            self._suggest(DEFINITION, self._names_of_definitions)
        return newest

    def _names_of_definitions(self) -> list[str]:
        return list(dict.fromkeys(each.name for each in self._api.active_definitions()))

    def _ask(self, what: str, key: Hashable, call: Callable[[], Answer | None]) -> Answer | None:
        try:
            found = self._kept((what, key), call)
        except AwsError as error:
            self.unread.append(Unread(what=what, error=error))
            return None
        if found is None:
            self.missing.add(what)
        return found

    def _kept(self, key: Hashable, call: Callable[[], Answer | None]) -> Answer | None:
        answer, is_kept = self._get(key, call)
        self.is_kept |= is_kept
        return answer

    def _has_failed(self, what: str) -> bool:
        return any(each.what == what for each in self.unread)

    def _suggest(self, what: str, call: Callable[[], list[str]]) -> None:
        """Read the names that exist, if *what* is certainly missing; a failure is no news."""
        if self._has_failed(what):
            return
        with suppress(AwsError):
            self.known_names[what] = tuple(self._kept((what, None), call) or ())
