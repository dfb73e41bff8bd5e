"""The console's pages of a job, as buttons on its task.

The operator pushes all addresses once, under one XCom key; a link picks its own. Airflow 3 stores
each link under a key of the link itself, which is why the addresses live under another.
"""

from typing import TYPE_CHECKING, ClassVar, Final

from airflow_fargate_batch._compat import BaseOperatorLink, XCom
from airflow_fargate_batch.core import urls

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

XCOM_KEY: Final = "console_links"


class _ConsoleLink(BaseOperatorLink):
    """One page, found in what the operator pushed."""

    key: ClassVar[str]

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002 - Airflow's signature
        """Return the page's address, or an empty text before the job is submitted."""
        pushed: dict[str, str] | None = XCom.get_value(key=XCOM_KEY, ti_key=ti_key)
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


LINKS: Final = (BatchJobLink(), BatchJobDefinitionLink(), BatchJobQueueLink())


def addresses(*, job_id: str, job_definition: str, job_queue: str, region: str) -> dict[str, str]:
    """Return what the links show, by their keys."""
    return {
        BatchJobLink.key: urls.job_url(job_id, region=region),
        BatchJobDefinitionLink.key: urls.job_definition_url(job_definition, region=region),
        BatchJobQueueLink.key: urls.job_queue_url(job_queue, region=region),
    }
