"""Links into the AWS console: what a person clicks, for every partition.

The paths are those the console itself shows (and the Amazon provider uses); AWS documents none.
"""

import re
from typing import Final
from urllib.parse import quote, unquote

DEFAULT_DOMAIN: Final = "console.aws.amazon.com"
DOMAINS: Final = {
    "cn-": "console.amazonaws.cn",
    "us-gov-": "console.amazonaws-us-gov.com",
    "eusc-": "console.amazonaws-eusc.eu",
}
"""Console domains of the partitions other than ``aws``, by the prefix of their regions' names."""


def job_url(job_id: str, *, region: str) -> str:
    """Return the page of a job, or of an array's child (``id:index``)."""
    return _batch(region, f"jobs/detail/{_escape(job_id)}")


_JOB_PAGE: Final = re.compile(
    r"https://[a-z0-9.-]+/batch/home\?region=(?P<region>[a-z0-9-]+)#jobs/detail/(?P<job>[^/?#]+)"
)


def job_of_url(url: str) -> tuple[str, str] | None:
    """Return job id and region of a page made by ``job_url``; ``None`` for another address."""
    found = _JOB_PAGE.fullmatch(url)
    return (unquote(found["job"]), found["region"]) if found else None


_QUEUE_PAGE: Final = re.compile(r"#queues/detail/[^/?#]+/(?P<queue>[^/?#]+)\Z")


def job_queue_of_url(url: str) -> str | None:
    """Return the name of the queue of a page made by ``job_queue_url`` for an ARN."""
    found = _QUEUE_PAGE.search(url)
    return unquote(found["queue"]) if found else None


def job_definition_url(job_definition: str, *, region: str) -> str:
    """Return the page of a job definition; for a name the list, as the page takes an ARN only."""
    return _batch(region, "job-definition" + _detail(job_definition))


def sibling_arn(job_arn: str, kind: str, name_or_arn: str) -> str:
    """Return the ARN of a queue or definition in the account of a job; unchanged if unknown.

    :param job_arn: the job's.
    :param kind: ``job-queue`` or ``job-definition``.
    """
    account, found, _ = job_arn.rpartition(":job/")
    if name_or_arn.startswith("arn:") or not found:
        return name_or_arn
    return f"{account}:{kind}/{name_or_arn}"


def job_queue_url(job_queue: str, *, region: str) -> str:
    """Return the page of a job queue; for a name the list, as the page takes an ARN only."""
    return _batch(region, "queues" + _detail(job_queue))


def log_stream_url(log_stream: str, *, log_group: str, region: str) -> str:
    """Return the page of a CloudWatch log stream."""
    group, stream = _escape_for_cloudwatch(log_group), _escape_for_cloudwatch(log_stream)
    return _home("cloudwatch", region, f"logsV2:log-groups/log-group/{group}/log-events/{stream}")


def _batch(region: str, fragment: str) -> str:
    return _home("batch", region, fragment)


def _home(service: str, region: str, fragment: str) -> str:
    other = (domain for prefix, domain in DOMAINS.items() if region.startswith(prefix))
    return f"https://{next(other, DEFAULT_DOMAIN)}/{service}/home?region={region}#{fragment}"


def _detail(name_or_arn: str) -> str:
    return f"/detail/{_escape(name_or_arn)}" if name_or_arn.startswith("arn:") else ""


def _escape(text: str) -> str:
    return quote(text, safe=":/")


def _escape_for_cloudwatch(text: str) -> str:
    """Escape as the CloudWatch console does: percent-encoded twice, with ``$`` for ``%``."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")
