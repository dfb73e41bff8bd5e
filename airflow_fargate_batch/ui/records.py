"""What Airflow itself knows of tasks and their jobs: task instances, XComs and rendered fields.

Airflow's models are no public interface, so all reading of them is here.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_

from airflow_fargate_batch._airflow.xcom import CONSOLE_LINKS, JOB, REQUEST
from airflow_fargate_batch.core.urls import job_of_url, job_queue_of_url

UNFINISHED: Final = ("running", "deferred", "up_for_retry", "queued", "scheduled", "restarting")
"""States of tasks that may still have a live job."""
_RETURNED: Final = "return_value"
_COLUMNS: Final = (
    TaskInstance.dag_id,
    TaskInstance.run_id,
    TaskInstance.task_id,
    TaskInstance.map_index,
    TaskInstance.state,
    TaskInstance.operator,
    TaskInstance.custom_operator_name,
    TaskInstance.try_number,
    TaskInstance.start_date,
    TaskInstance.end_date,
)
"""Columns that the pages show: Airflow's model would also read pickles and the DAG run."""
_JOB_ID: Final = re.compile("[0-9a-f-]{4,}(:[0-9]*)?", re.IGNORECASE)
"""Texts that may be part of a job's id: for others the job's address need not be read."""
_KEYS: Final = (JOB, REQUEST, CONSOLE_LINKS, _RETURNED)


@dataclass(frozen=True, slots=True)
class TaskKey:
    """A task instance; *map_index* is -1 for a task that is not mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1


@dataclass(frozen=True, slots=True)
class JobReference:
    """A job, and the connection of the task that submitted it.

    Attributes:
        connection: Airflow connection, from the task's own record; ``None`` means not known.
    """

    job_id: str
    region: str
    connection: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A try of a task."""

    number: int
    state: str | None
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task instance with what it pushed.

    Attributes:
        rendered: Rendered fields, secrets struck out, as Airflow keeps them.
        xcoms: XComs of the present try, by key.
        tries: Earlier tries and the present one, oldest first.
    """

    key: TaskKey
    state: str | None
    operator: str | None
    try_number: int
    started_at: datetime | None = None
    ended_at: datetime | None = None
    rendered: Mapping[str, Any] = field(default_factory=dict)
    xcoms: Mapping[str, Any] = field(default_factory=dict)
    tries: Sequence[Try] = ()

    @property
    def job(self) -> JobReference | None:
        """The job of the present try, as far as the task pushed its address."""
        links = self.xcoms.get(CONSOLE_LINKS)
        url = links.get("job") if isinstance(links, Mapping) else None
        found = job_of_url(url) if isinstance(url, str) else None
        if found is None:
            return None
        connection = self.rendered.get("aws_conn_id")
        return JobReference(*found, connection if isinstance(connection, str) else None)

    @property
    def queue(self) -> str | None:
        """Name of the job's queue, if the address that the task pushed has it."""
        links = self.xcoms.get(CONSOLE_LINKS)
        url = links.get("job_queue") if isinstance(links, Mapping) else None
        return job_queue_of_url(url) if isinstance(url, str) else None

    @property
    def request(self) -> Mapping[str, Any] | None:
        """The request of a dry run."""
        request = self.xcoms.get(REQUEST)
        return request if isinstance(request, Mapping) else None

    @property
    def summary(self) -> Mapping[str, Any]:
        """XCom ``job``: the job at its end; empty while it runs."""
        summary = self.xcoms.get(JOB)
        return summary if isinstance(summary, Mapping) else {}


def task_record(key: TaskKey) -> TaskRecord | None:
    """Read a task instance; ``None`` if Airflow does not know it."""
    with create_session(scoped=False) as session:
        instance = session.execute(select(*_COLUMNS).where(_is(TaskInstance, key))).one_or_none()
        if instance is None:
            return None
        earlier = session.execute(
            select(
                TaskInstanceHistory.try_number,
                TaskInstanceHistory.state,
                TaskInstanceHistory.start_date,
                TaskInstanceHistory.end_date,
            )
            .where(_is(TaskInstanceHistory, key))
            .order_by(TaskInstanceHistory.try_number)
        ).all()
        record = _record(instance)
        tries = {number: _try(number, state, *times) for number, state, *times in earlier}
        now = _try(record.try_number, record.state, record.started_at, record.ended_at)
        [read] = _with_what_was_pushed(session, [record])
        return replace(read, tries=[*(tries | {now.number: now}).values()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Selection of jobs.

    Attributes:
        dags: DAGs that the user may see.
        since: Earliest moment of the submit.
        text: Part of an id of DAG, task or run, or of a job's id.
        queue: Part of a queue's name.
        state: State of the task.
    """

    dags: Collection[str]
    since: datetime
    text: str = ""
    dag_id: str = ""
    queue: str = ""
    state: str = ""

    @property
    def is_filtered(self) -> bool:
        """Whether the selection leaves out jobs of the period."""
        return any((self.text, self.dag_id, self.queue, self.state))


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Tasks that submitted jobs.

    Attributes:
        counts: Numbers of tasks by state, of the whole selection.
        records: A page of them, newest first.
        waiting: The unfinished tasks that began first.
        failed: Numbers of failed and of all tasks, by DAG and task; most failures first.
        dags: DAGs with jobs in the period, whatever else is selected.
    """

    counts: Mapping[str, int]
    records: Sequence[TaskRecord]
    waiting: Sequence[TaskRecord]
    failed: Sequence[tuple[str, str, int, int]]
    dags: Sequence[str] = ()

    @property
    def total(self) -> int:
        """Number of tasks in the selection."""
        return sum(self.counts.values())


TOP: Final = 5
"""Tasks in the list of those that fail most."""
OLDEST: Final = 50
"""Unfinished tasks read; the page leaves out those whose jobs run."""


def overview(query: Query, *, offset: int, limit: int) -> Overview:
    """Read a page of the tasks that submitted jobs, and numbers about all of them."""
    base = _submitted(query)
    newest = base.order_by(XComModel.timestamp.desc()).offset(offset).limit(limit)
    oldest = base.where(TaskInstance.state.in_(UNFINISHED)).order_by(TaskInstance.start_date)
    each = TaskInstance.dag_id, TaskInstance.task_id, TaskInstance.state
    with create_session(scoped=False) as session:
        numbers = session.execute(
            base.with_only_columns(*each, func.count()).group_by(*each).order_by(*each)
        ).all()
        dags = sorted({dag_id for dag_id, *_ in numbers})
        if query.is_filtered:
            in_period = select(XComModel.dag_id).where(*_in_period(query))
            dags = [*session.scalars(in_period.distinct().order_by(XComModel.dag_id))]
        shown = [_record(each) for each in session.execute(newest)]
        waiting = [_record(each) for each in session.execute(oldest.limit(OLDEST))]
        read = _with_what_was_pushed(session, [*shown, *waiting])
    return Overview(
        counts=_counts(numbers),
        records=read[: len(shown)],
        waiting=read[len(shown) :],
        failed=_failed(numbers)[:TOP],
        dags=dags,
    )


Numbers = Iterable[tuple[str, str, str | None, int]]
"""Numbers of tasks, by DAG, task and state."""


def _counts(numbers: Numbers) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for _, _, state, number in numbers:
        counts[state or "none"] += number
    return dict(counts)


def _failed(numbers: Numbers) -> list[tuple[str, str, int, int]]:
    """Return numbers of failed and of all tasks, most failures first."""
    failed: Counter[tuple[str, str]] = Counter()
    every: Counter[tuple[str, str]] = Counter()
    for dag_id, task_id, state, number in numbers:
        every[dag_id, task_id] += number
        if state == "failed":
            failed[dag_id, task_id] += number
    return [(*task, number, every[task]) for task, number in failed.most_common()]


def _submitted(query: Query) -> "Select[*tuple[Any, ...]]":
    """Select the tasks that pushed a job's address."""
    conditions = _in_period(query)
    if query.dag_id:
        conditions.append(XComModel.dag_id == query.dag_id)
    if query.state:
        conditions.append(TaskInstance.state == query.state)
    if query.queue:
        queue = XComModel.value["job_queue"].as_string()
        conditions.append(queue.icontains(quote(query.queue), autoescape=True))
    if query.text:
        searched = (XComModel.dag_id, XComModel.task_id, XComModel.run_id)
        found = [column.icontains(query.text, autoescape=True) for column in searched]
        if _JOB_ID.fullmatch(query.text):
            page = XComModel.value["job"].as_string()
            found.append(page.contains(query.text.lower(), autoescape=True))
        conditions.append(or_(*found))
    same = and_(
        TaskInstance.dag_id == XComModel.dag_id,
        TaskInstance.run_id == XComModel.run_id,
        TaskInstance.task_id == XComModel.task_id,
        TaskInstance.map_index == XComModel.map_index,
    )
    return select(*_COLUMNS).join(XComModel, same).where(*conditions)


def _in_period(query: Query) -> list[ColumnElement[bool]]:
    return [
        XComModel.key == CONSOLE_LINKS,
        XComModel.timestamp >= query.since,
        XComModel.dag_id.in_(query.dags),
    ]


def _is(model: Any, key: TaskKey) -> ColumnElement[bool]:
    return and_(
        model.dag_id == key.dag_id,
        model.run_id == key.run_id,
        model.task_id == key.task_id,
        model.map_index == key.map_index,
    )


def _record(instance: Any) -> TaskRecord:
    return TaskRecord(
        key=TaskKey(instance.dag_id, instance.run_id, instance.task_id, instance.map_index),
        state=instance.state,
        operator=instance.custom_operator_name or instance.operator,
        try_number=instance.try_number,
        started_at=instance.start_date,
        ended_at=instance.end_date,
    )


def _try(
    number: int, state: str | None, started_at: datetime | None, ended_at: datetime | None
) -> Try:
    return Try(number=number, state=state, started_at=started_at, ended_at=ended_at)


def _with_what_was_pushed(session: Any, records: Sequence[TaskRecord]) -> list[TaskRecord]:
    """Read XComs and rendered fields of task instances, each in one query."""
    xcoms = dict(_by_key(session, XComModel, ("key", "value"), records, XComModel.key.in_(_KEYS)))
    fields = dict(_by_key(session, RenderedTaskInstanceFields, ("rendered_fields",), records))
    return [
        replace(
            record,
            xcoms=dict(xcoms.get(record.key, ())),
            rendered=dict(next((row for (row,) in fields.get(record.key, ()) if row), {})),
        )
        for record in records
    ]


def _by_key(
    session: Any,
    model: Any,
    columns: Sequence[str],
    records: Sequence[TaskRecord],
    *conditions: ColumnElement[bool],
) -> Iterator[tuple[TaskKey, list[tuple[Any, ...]]]]:
    place = (model.dag_id, model.run_id, model.task_id, model.map_index)
    keys = [(r.key.dag_id, r.key.run_id, r.key.task_id, r.key.map_index) for r in records]
    wanted = [getattr(model, name) for name in columns]
    rows = session.execute(
        select(*place, *wanted).where(tuple_(*place).in_(keys), *conditions)
    ).all()
    found: dict[TaskKey, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(TaskKey(*row[:4]), []).append(tuple(row[4:]))
    yield from found.items()
