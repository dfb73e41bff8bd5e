"""Flags as data: a table has the name, the sources and the target argument of each flag.

A flag overrides its environment variable, and a variable overrides the default. An empty variable
counts as unset.
"""

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from airflow_fargate_batch.cli._wording import in_flags, json_advice
from airflow_fargate_batch.core._request.values import WRITE_JSON
from airflow_fargate_batch.exceptions import Problem

_BEYOND_USE: Final = 10**9
"""Seconds, about thirty years: larger values are mistakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag of a command.

    Attributes:
        name: Name with dashes, ``--job-queue``.
        help: Help text without variable and default.
        metavar: Name of the value in the help.
        kind: ``value``, ``switch``, or ``yes-no`` (also accepts ``--no-...``).
        argument: Argument of ``JobRequest`` that the flag sets. ``None`` means no argument.
        variable: Environment variable that is read if the flag is not given.
        sources: Further sources of the value, named in the help in order of precedence.
        default: Value if no source gives a value.
        choices: The accepted values. ``None`` means any value.
        read: Parses the text, or raises ``argparse.ArgumentTypeError``.
        example: Example of a JSON value.
    """

    name: str
    help: str
    metavar: str | None = None
    kind: Literal["value", "switch", "yes-no"] = "value"
    argument: str | None = None
    variable: str | None = None
    sources: tuple[str, ...] = ()
    default: str | None = None
    choices: tuple[str, ...] | None = None
    read: Callable[[str], object] = str
    example: str | None = None

    @property
    def key(self) -> str:
        """Key of the flag in argparse's namespace and in ``Given``."""
        return self.name.removeprefix("--").replace("-", "_")

    def add_to(self, parser: argparse._ActionsContainer) -> None:
        """Add the flag to a parser; its help names variable and default."""
        sources = [f"${self.variable}"] if self.variable else []
        sources += self.sources
        sources += [f"default: {self.default}"] if self.default else []
        text = f"{self.help} [{'; '.join(sources)}]" if sources else self.help
        shape: dict[str, Any] = {
            "metavar": self.metavar,
            "choices": self.choices,
            "type": self.read,
        }
        if self.kind != "value":
            action = argparse.BooleanOptionalAction if self.kind == "yes-no" else "store_true"
            shape = {"action": action}
        parser.add_argument(self.name, help=text, default=None, **shape)


def seconds(text: str) -> float:
    """Parse a positive number of seconds."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < _BEYOND_USE:
        raise argparse.ArgumentTypeError("must be a number of seconds greater than 0")
    return number


def not_empty(text: str) -> str:
    """Refuse an empty value, usually an unset variable in a script."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty")
    return text


Groups = Mapping[str, tuple[Flag, ...]]
"""Flags by their section title in the help."""


CONNECTION: Final = (
    Flag(
        name="--region",
        metavar="REGION",
        read=not_empty,
        variable="AWS_REGION",
        sources=("$AWS_DEFAULT_REGION", "the profile's region"),
        default="ap-northeast-1",
        help="AWS region",
    ),
    Flag(
        name="--profile",
        metavar="NAME",
        read=not_empty,
        help="profile in the AWS configuration files; if not given, the AWS SDK chooses "
        "(AWS_PROFILE, AWS_ACCESS_KEY_ID, the machine's role)",
    ),
    Flag(
        name="--endpoint-url",
        metavar="URL",
        read=not_empty,
        help="send the calls to this URL instead of AWS, such as the URL of 'fargate-batch local'; "
        "if not given, the AWS SDK chooses (AWS_ENDPOINT_URL)",
    ),
)
"""The flags of every command that calls AWS."""

POLL_INTERVAL: Final = Flag(
    name="--poll-interval",
    metavar="SECONDS",
    read=seconds,
    default="10",
    help="seconds between two reads of the jobs' states; one call reads up to 100 jobs",
)

WAITING: Final = (
    Flag(
        name="--timeout",
        metavar="SECONDS",
        read=seconds,
        help="stop waiting after this time; if not given, wait until every job has ended",
    ),
    Flag(
        name="--runnable-timeout",
        metavar="SECONDS",
        read=seconds,
        help="give up if a job stays RUNNABLE (waiting for capacity) for longer than this",
    ),
    Flag(
        name="--starting-timeout",
        metavar="SECONDS",
        read=seconds,
        help="give up if a job stays STARTING (connecting to its subnet, pulling its image) for "
        "longer than this",
    ),
    POLL_INTERVAL,
)
"""The flags of every command that waits for jobs."""


def add_groups(parser: argparse.ArgumentParser, groups: Groups) -> None:
    """Add all flags, grouped by section title."""
    for title, flags in groups.items():
        section = parser.add_argument_group(title)
        for flag in flags:
            flag.add_to(section)


class Given:
    """Values of flags: from the command line, an environment variable or the default."""

    def __init__(
        self, groups: Groups, arguments: argparse.Namespace, environment: Mapping[str, str]
    ) -> None:
        self._flags: Final = {flag.key: flag for flags in groups.values() for flag in flags}
        self._by_flag: Final = vars(arguments)
        self._environment: Final = environment
        self._settled: Final[dict[str, object]] = {}

    def __getitem__(self, key: str) -> Any:
        """Return the value of the flag *key*, or ``None`` without a value."""
        flag = self._flags[key]
        if (by_flag := self._by_flag[key]) is not None:
            return by_flag
        if key in self._settled:
            return self._settled[key]
        text = self._variable(flag) or flag.default
        return None if text is None else flag.read(text)

    def __contains__(self, key: str) -> bool:
        """Return whether the flag or its variable is given; a default does not count."""
        return self._by_flag[key] is not None or self._variable(self._flags[key]) is not None

    def has_flag(self, key: str) -> bool:
        """Return whether the command has the flag *key*."""
        return key in self._flags

    def settle(self, key: str, value: object) -> None:
        """Set the value of a flag that is not given, from a source that only the command knows."""
        self._settled[key] = value

    def request_arguments(self) -> dict[str, object]:
        """Return the arguments for ``JobRequest`` by name.

        Several flags may set the same argument; the given flag wins.
        """
        arguments: dict[str, object] = {}
        for flag in self._flags.values():
            if flag.argument and arguments.get(flag.argument) is None:
                arguments[flag.argument] = self[flag.key]
        return arguments

    def flagged_arguments(self) -> dict[str, object]:
        """Return the arguments for ``JobRequest`` set by flags, without variables and defaults."""
        return {
            flag.argument: value
            for flag in self._flags.values()
            if flag.argument and (value := self._by_flag[flag.key]) is not None
        }

    def describe(self, problem: Problem) -> str:
        """Return a problem as text, with the flag or variable in place of the argument."""
        argument, *rest = re.split(r"(?=[.\[])", problem.field, maxsplit=1)
        inside = "".join(rest)
        flag = self._flag_of(argument)
        where = flag.name if flag else argument.replace("_", " ")
        where += f" {inside[1:]}" if inside.startswith(".") else inside
        if flag and self._by_flag[flag.key] is None and self._variable(flag):
            where += f" (from {flag.variable})"
        message = problem.message
        if flag and problem.suggestion == WRITE_JSON:  # advice that mentions templates
            advice = json_advice(flag.name, flag.example)
            message = message.removesuffix(WRITE_JSON) + advice
        return f"{where}: {in_flags(message)}"

    def in_flags(self, text: str) -> str:
        """Replace argument names in a message by flags."""
        return in_flags(text)

    def _variable(self, flag: Flag) -> str | None:
        text = self._environment.get(flag.variable, "") if flag.variable else ""
        return text if text.strip() else None

    def _flag_of(self, argument: str) -> Flag | None:
        """Return the flag that sets an argument; of several flags, the given flag."""
        flags = [flag for flag in self._flags.values() if flag.argument == argument]
        given = (flag for flag in flags if self._by_flag[flag.key] is not None)
        return next(given, None) or next(iter(flags), None)
