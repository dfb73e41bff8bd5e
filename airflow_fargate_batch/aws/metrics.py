"""The calls of CloudWatch metrics: one request each."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from airflow_fargate_batch.aws.errors import translated
from airflow_fargate_batch.aws.service import ServiceApi
from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core.usage import CPU, MEMORY, NAMESPACE, TASK_ID, TaskPlace
from airflow_fargate_batch.exceptions import AccessDenied

METRICS: Final = frozenset({*CPU, *MEMORY})
PERIOD: Final = 60
"""Seconds between two values of Container Insights."""
PAGES: Final = 5

Dimensions = tuple[tuple[str, str], ...]


class MetricsApi(ServiceApi):
    """ListMetrics and GetMetricData, for Container Insights."""

    service = "cloudwatch"

    def of_task(
        self, place: TaskPlace, *, start: datetime, end: datetime
    ) -> dict[str, list[object]]:
        """Return the values of a task's metrics, a value a minute, by the name of the metric.

        :raises AwsError: as in ``BatchApi``.
        """
        metrics = self._metrics(place)
        if not metrics:
            return {}
        names = {f"m{number}": name for number, name in enumerate(sorted(metrics))}
        queries = [_query(each, name, metrics[name]) for each, name in names.items()]
        values: dict[str, list[object]] = {}
        request = {"MetricDataQueries": queries, "StartTime": start, "EndTime": end}
        for result in self._results(request):
            points = result.get("Values")
            if (name := names.get(str(result.get("Id")))) and isinstance(points, list):
                values.setdefault(name, []).extend(points)
        return values

    def _results(self, request: dict[str, Any]) -> Iterator[Mapping[str, object]]:
        """Yield the results of GetMetricData, page by page."""
        for _ in range(PAGES):
            answer = self._call("GetMetricData", "get_metric_data", request)
            yield from read.mappings(answer.get("MetricDataResults"))
            next_token = read.text(answer.get("NextToken"))
            if next_token is None:
                return
            request["NextToken"] = next_token

    def _metrics(self, place: TaskPlace) -> dict[str, Dimensions]:
        """Find the metrics of a task (not of its containers), with their dimensions."""
        wanted = {"ClusterName": place.cluster, TASK_ID: place.task_id}
        request = {
            "Namespace": NAMESPACE,
            "Dimensions": [{"Name": name, "Value": value} for name, value in wanted.items()],
        }
        answer = self._call("ListMetrics", "list_metrics", request)
        found: dict[str, Dimensions] = {}
        for metric in read.mappings(answer.get("Metrics")):
            name = read.text(metric.get("MetricName"))
            dimensions = tuple(
                (str(each.get("Name")), str(each.get("Value")))
                for each in read.mappings(metric.get("Dimensions"))
            )
            if name in METRICS and "ContainerName" not in dict(dimensions):
                found[name] = dimensions
        return found

    def _call(
        self, operation: str, method: str, request: Mapping[str, Any]
    ) -> Mapping[str, object]:
        try:
            with translated(operation):
                return read.mapping(getattr(self.client, method)(**request))
        except AccessDenied as error:
            raise AccessDenied(error.message, f"cloudwatch:{operation}") from error


def _query(query_id: str, name: str, dimensions: Dimensions) -> dict[str, Any]:
    return {
        "Id": query_id,
        "MetricStat": {
            "Metric": {
                "Namespace": NAMESPACE,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
            },
            "Period": PERIOD,
            "Stat": "Maximum",
        },
    }
