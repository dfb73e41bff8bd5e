"""The console's pages of a job, as buttons on its task.

The operator pushes the addresses it knows at the submit once, under one XCom key, and that of the
log, where the task waited for the job, under another; a link picks its own. Airflow 3 stores each
link under a key of the link itself, which is why the addresses live under others.
"""

from typing import TYPE_CHECKING, ClassVar, Final

from airflow_fargate_batch._compat import BaseOperatorLink, XCom
from airflow_fargate_batch.core import urls

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from airflow_fargate_batch.core.job import Job

XCOM_KEY: Final = "console_links"
LOG_XCOM_KEY: Final = "console_log"


class _ConsoleLink(BaseOperatorLink):
    """One page, found in what the operator pushed."""

    key: ClassVar[str]
    pushed_as: ClassVar[str] = XCOM_KEY

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002 - Airflow's signature
        """Return the page's address, or an empty text before it is known."""
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
    pushed_as = LOG_XCOM_KEY

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:
        """Return the page's address, or an empty text before it is known.

        On Airflow 3 the worker asks when its task is done or defers, and would log each XCom that
        is not there: so the task says itself whether it has pushed this one.
        """
        if not getattr(operator, "has_pushed_log_page", True):  # 2.11 asks of a copy, elsewhere
            return ""
        return super().get_link(operator, ti_key=ti_key)


LINKS: Final = (
    BatchJobLink(),
    BatchJobDefinitionLink(),
    BatchJobQueueLink(),
    BatchJobLogLink(),
)


def addresses(*, job_id: str, job_definition: str, job_queue: str, region: str) -> dict[str, str]:
    """Return what the links show, by their keys."""
    return {
        BatchJobLink.key: urls.job_url(job_id, region=region),
        BatchJobDefinitionLink.key: urls.job_definition_url(job_definition, region=region),
        BatchJobQueueLink.key: urls.job_queue_url(job_queue, region=region),
    }


def log_address(job: "Job") -> dict[str, str]:
    """Return what the link to the log shows, by its key; empty where no stream is known."""
    from airflow_fargate_batch.core.log_streams import log_page  # nothing for who reads a DAG

    page = log_page(job)
    return {BatchJobLogLink.key: page} if page else {}
