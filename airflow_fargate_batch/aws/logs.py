"""The calls of CloudWatch Logs: one request each."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from airflow_fargate_batch.aws.errors import translated
from airflow_fargate_batch.aws.service import ServiceApi
from airflow_fargate_batch.core.log_streams import (
    LogPage,
    LogRequest,
)
from airflow_fargate_batch.exceptions import AccessDenied

if TYPE_CHECKING:
    from types_boto3_logs import CloudWatchLogsClient

ACTION: Final = "logs:GetLogEvents"


class LogsApi(ServiceApi):
    """GetLogEvents."""

    service = "logs"
    client: "CloudWatchLogsClient"

    def get(self, request: LogRequest) -> LogPage:
        """Read a page.

        :raises AwsError: as in ``BatchApi``.
        """
        try:
            with translated("GetLogEvents"):
                answer = self.client.get_log_events(**request.to_api())
                return LogPage.from_api(answer, from_head=request.from_head)
        except AccessDenied as error:
            raise AccessDenied(error.message, ACTION) from error


def error_code(error: Exception) -> str:
    """Return AWS's code for an error; empty if AWS did not answer."""
    cause = error.__cause__
    return str(cause.response["Error"]["Code"]) if isinstance(cause, ClientError) else ""
