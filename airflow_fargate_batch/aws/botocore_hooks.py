"""Changes to botocore's parsing and logging, for the calls of this package only."""

import json
import logging
from contextvars import ContextVar
from typing import Any, Final

_calling: ContextVar[bool] = ContextVar("_calling", default=False)


def _take_as_sent(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Skip botocore's model when parsing answers about jobs: half the cost of a DescribeJobs call.

    The model changes no good answer: the members have the same names on the wire, and ``from_api``
    checks every member. For a single odd member botocore would refuse all jobs. The hook acts only
    during the package's own calls; botocore parses answers without jobs or definitions.
    """
    if not _calling.get() or response_dict["status_code"] >= 300:
        return
    answer = _parsed(response_dict["body"])
    if isinstance(answer, dict) and not _LISTS.isdisjoint(answer):
        customized_response_dict |= {
            name: value for name, value in answer.items() if name in _TAKEN
        }
        response_dict["body"] = b"{}"


_LISTS: Final = frozenset(
    {
        "jobs",
        "jobSummaryList",
        "jobDefinitions",
        "jobQueues",
        "computeEnvironments",
        "schedulingPolicies",
    }
)
_TAKEN: Final = _LISTS | {"nextToken"}


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:  # also of one integer with more digits than Python reads
        return json.loads(body, parse_int=lambda text: int(text) if len(text) < 20 else None)


class _WithoutOurCalls(logging.Filter):
    """Keep bodies out of botocore's DEBUG log: a body holds the environment of a job."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - logging's signature
        return not _calling.get()


_FILTER: Final = _WithoutOurCalls()


def hide_bodies() -> None:
    """Install the filter of botocore's DEBUG log; a second call changes nothing."""
    for name in ("botocore.endpoint", "botocore.parsers"):
        logging.getLogger(name).addFilter(_FILTER)
