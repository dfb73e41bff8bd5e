"""The console's pages of a job, as buttons on its task.

At the submit the operator pushes the addresses known by then under the XCom key ``console_links``.
A task that waits pushes the address of the job's log under ``console_log``. Airflow 3 reads each
link from the link's own key, and writes the key when the task ends or defers; a task that waits in
a worker pushes the link's own key at once.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from airflow_fargate_batch._airflow.compat import BaseOperatorLink, XCom
from airflow_fargate_batch._airflow.xcom import CONSOLE_LINKS, CONSOLE_LOG

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from airflow_fargate_batch.core.job import Job

_REVISION: Final = re.compile(r":[0-9]+\Z")


class _ConsoleLink(BaseOperatorLink):
    """A page whose address the operator has pushed."""

    key: ClassVar[str]
    pushed_as: ClassVar[str] = CONSOLE_LINKS

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:
        """Return the page's address; an empty text if not known yet.

        On Airflow 3 the worker asks when the task ends, and logs an error for each missing XCom.
        So for a task without a submit no XCom is read.
        """
        if getattr(operator, "has_submitted", None) is False:
            return ""
        pushed: dict[str, str] | None = XCom.get_value(key=self.pushed_as, ti_key=ti_key)
        return pushed.get(self.key, "") if pushed else ""


class BatchJobLink(_ConsoleLink):
    """The job."""

    name = "AWS Batch job"
    key = "job"


class BatchJobDefinitionLink(_ConsoleLink):
    """The job definition."""

    name = "AWS Batch job definition"
    key = "job_definition"


class BatchJobQueueLink(_ConsoleLink):
    """The job queue."""

    name = "AWS Batch job queue"
    key = "job_queue"


class BatchJobLogLink(_ConsoleLink):
    """The log stream of the job's last attempt."""

    name = "AWS Batch job log"
    key = "job_log"
    pushed_as = CONSOLE_LOG

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:
        """Return the page's address; an empty text if not known yet.

        Most tasks never push the log's page, so the task is asked before any XCom is read.
        """
        pushed: Pages | None = getattr(operator, "console_pages", None)  # 2.11 asks of a copy
        if pushed is not None and self.key not in pushed:
            return ""
        return super().get_link(operator, ti_key=ti_key)


LINKS: Final = (
    BatchJobLink(),
    BatchJobDefinitionLink(),
    BatchJobQueueLink(),
    BatchJobLogLink(),
)


def has_revision(job_definition: str) -> bool:
    """Report whether a name or ARN ends in a revision; otherwise AWS uses the latest active one."""
    return bool(_REVISION.search(job_definition))


Pages = Mapping[str, str]
"""Addresses, by link key."""


def addresses(
    *, job_id: str, job_definition: str, job_queue: str, region: str, job_arn: str | None = None
) -> dict[str, str]:
    """Return the addresses known as soon as a job is submitted, by link key.

    :param job_arn: source of the account; without an account a name's page cannot be linked.
    """
    from airflow_fargate_batch.core import urls  # here: reading a DAG needs no address

    queue, definition = job_queue, job_definition
    if job_arn:
        queue = urls.sibling_arn(job_arn, "job-queue", job_queue)
        if has_revision(job_definition):
            definition = urls.sibling_arn(job_arn, "job-definition", job_definition)
    return {
        BatchJobLink.key: urls.job_url(job_id, region=region),
        BatchJobDefinitionLink.key: urls.job_definition_url(definition, region=region),
        BatchJobQueueLink.key: urls.job_queue_url(queue, region=region),
    }


def pages_of(job: "Job") -> dict[str, str]:
    """Return the addresses of a described job, as far as known, by link key."""
    from airflow_fargate_batch.core.log_streams import log_page  # as in `addresses`

    pages: dict[str, str] = {}
    if job.region and job.definition and job.queue:
        pages = addresses(
            job_id=job.id, job_definition=job.definition, job_queue=job.queue, region=job.region
        )
    if page := log_page(job):
        pages[BatchJobLogLink.key] = page
    return pages


class HasPages(Protocol):
    """A task with a memory of the pushed pages."""

    do_xcom_push: bool
    console_pages: Mapping[str, str]


def push_pages(task: HasPages, pages: Pages, push: Callable[[str, Any], None]) -> None:
    """Push new addresses, for all links that show them.

    :param task: holds the pages pushed so far.
    :param push: pushes an XCom of the task: key and value.
    """
    if not task.do_xcom_push:
        return
    known: dict[str, str] = {**task.console_pages, **pages}
    new = {key for key, page in pages.items() if task.console_pages.get(key) != page}
    for pushed_as in dict.fromkeys(link.pushed_as for link in LINKS if link.key in new):
        keys = [link.key for link in LINKS if link.pushed_as == pushed_as]
        push(pushed_as, {key: known[key] for key in keys if key in known})
    for link in LINKS:
        # Airflow 3 shows a link of a running task only if the task pushes it under the link's key.
        if link.key in new and (own_key := getattr(link, "xcom_key", None)):
            push(own_key, known[link.key])
    task.console_pages = known
