"""Translation of the core's messages for a shell: arguments become flags."""

import re
from collections.abc import Mapping
from typing import Final

from airflow_fargate_batch.exceptions import InvalidRequest, Problem

FLAG_OF: Final[Mapping[str, str]] = {
    "array_size": "--array-size",
    "awslogs_index": "--index",
    "command": "--command",
    "consumable_resources": "--consumable-resources",
    "container": "--container",
    "container_overrides": "--container-overrides-file",
    "container_overrides_file": "--container-overrides-file",
    "depends_on": "--depends-on",
    "ecs_properties_override": "--ecs-properties-override",
    "environment": "--environment",
    "extra_submit_args": "--extra-submit-args",
    "items": "--items-file",
    "items_location": "--items-location",
    "items_per_child": "--items-per-child",
    "job_definition": "--job-definition",
    "job_name": "--job-name",
    "job_name_prefix": "--job-name-prefix",
    "job_queue": "--job-queue",
    "job_timeout": "--job-timeout",
    "memory": "--memory",
    "parameters": "--parameters",
    "parameters_file": "--parameters-file",
    "platform_version": "--platform-version",
    "poll_interval": "--poll-interval",
    "prices_file": "--prices-file",
    "propagate_tags": "--propagate-tags",
    "region_name": "--region",
    "retry_strategy": "--retry-strategy",
    "runnable_timeout": "--runnable-timeout",
    "scheduling_priority": "--scheduling-priority",
    "share_identifier": "--share-identifier",
    "size_policy": "--size-policy",
    "spot_retries": "--spot-retries",
    "starting_timeout": "--starting-timeout",
    "tags": "--tags",
    "vcpu": "--vcpu",
    "wait_timeout": "--timeout",
}
"""Flag for each argument that appears in messages. Names missing here stay as written."""

_MARKED: Final = re.compile(r"`(?P<name>[a-z_]+)(?P<inside>[.\[][^`=]*)?(?:=(?P<value>[^`]*))?`")


def in_flags(text: str) -> str:
    """Replace arguments in a message by flags.

    The core marks arguments by backticks: a name, a place inside an argument, or ``name=value``.
    What has no flag stays as written.
    """

    def renamed(found: re.Match[str]) -> str:
        flag = FLAG_OF.get(found["name"])
        if flag is None:
            return found[0]
        value = (found["value"] or "").strip("'\"")
        place = f"{flag}{found['inside'] or ''}"
        return f"{place} {value}" if value else place

    return _MARKED.sub(renamed, text)


def problems_in_flags(error: InvalidRequest) -> str:
    """Write the problems of a request, with flags in place of arguments."""
    named = [
        Problem(in_flags(f"`{each.field}`").strip("`"), in_flags(each.message))
        for each in error.problems
    ]
    return str(InvalidRequest(named))


def json_advice(flag: str, example: str | None) -> str:
    """Return advice on writing JSON in a shell."""
    shown = f". Example: {flag} '{example}'" if example else ""
    return f"use double quotes for strings, and single quotes around the whole JSON{shown}"
