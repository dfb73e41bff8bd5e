"""The calls of CloudWatch metrics: one request each."""

from collections.abc import Mapping
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
        queries = [
            {
                "Id": f"m{number}",
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
            for number, (name, dimensions) in enumerate(sorted(metrics.items()))
        ]
        names = {query["Id"]: name for query, name in zip(queries, sorted(metrics), strict=True)}
        request: dict[str, Any] = {
            "MetricDataQueries": queries,
            "StartTime": start,
            "EndTime": end,
        }
        values: dict[str, list[object]] = {}
        for _ in range(PAGES):
            answer = self._call("GetMetricData", "get_metric_data", request)
            for result in read.mappings(answer.get("MetricDataResults")):
                points = result.get("Values")
                if (name := names.get(str(result.get("Id")))) and isinstance(points, list):
                    values.setdefault(name, []).extend(points)
            token = read.text(answer.get("NextToken"))
            if token is None:
                break
            request["NextToken"] = token
        return values

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
