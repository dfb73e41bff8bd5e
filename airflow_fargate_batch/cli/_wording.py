"""Translation of the core's messages for a shell: arguments become flags."""

import re
from collections.abc import Mapping
from typing import Final

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

_ARGUMENT: Final = re.compile(
    r"`(?P<quoted>[a-z_]+)(?:=(?P<value>[^`]*))?`"
    r"|the argument (?P<after>\w+)"
    r"|(?<![\w'./`-])(?P<alone>[a-z]+(?:_[a-z]+)+)(?![\w'/`-])"
)


def in_flags(text: str) -> str:
    """Replace argument names in a message by flags.

    A name in backticks (with or without ``=value``) or after ``the argument`` is always replaced. A
    bare name is replaced only if the name has an underscore, because names such as ``command`` are
    English words too.
    """

    def renamed(found: re.Match[str]) -> str:
        flag = FLAG_OF.get(found["quoted"] or found["after"] or found["alone"])
        if flag is None:
            return found[0]
        value = (found["value"] or "").strip("'\"")
        return f"{flag} {value}" if value else flag

    return _ARGUMENT.sub(renamed, text)


def json_advice(flag: str, example: str | None) -> str:
    """Return advice on writing JSON in a shell."""
    shown = f". Example: {flag} '{example}'" if example else ""
    return f"use double quotes for strings, and single quotes around the whole JSON{shown}"
