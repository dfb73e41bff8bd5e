"""The calls of CloudWatch Logs: one request each."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from airflow_fargate_batch.aws.errors import translated
from airflow_fargate_batch.aws.service import ServiceApi
from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core._members import milliseconds
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

    def filter_events(
        self, group: str, words: str, *, start: datetime, end: datetime, most_pages: int
    ) -> list[str]:
        """Return the messages of a log group with certain words, from all its streams.

        :param most_pages: a page may be empty, with more behind it.
        :raises AwsError: as in ``BatchApi``.
        """
        found: list[str] = []
        request: dict[str, Any] = {
            "logGroupName": group,
            "filterPattern": f'"{words}"',
            "startTime": milliseconds(start),
            "endTime": milliseconds(end),
        }
        for _ in range(most_pages):
            try:
                with translated("FilterLogEvents"):
                    answer = read.mapping(self.client.filter_log_events(**request))
            except AccessDenied as error:
                raise AccessDenied(error.message, "logs:FilterLogEvents") from error
            events = read.mappings(answer.get("events"))
            found += [text for each in events if (text := read.text(each.get("message")))]
            next_token = read.text(answer.get("nextToken"))
            if next_token is None:
                break
            request["nextToken"] = next_token
        return found


def error_code(error: Exception) -> str:
    """Return AWS's code for an error; empty if AWS did not answer."""
    cause = error.__cause__
    return str(cause.response["Error"]["Code"]) if isinstance(cause, ClientError) else ""
