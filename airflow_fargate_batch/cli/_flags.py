"""Flags as data: one table says what a flag is called, where its value comes from, what it fills.

A flag beats its variable, a variable beats the default; an empty variable counts as not set.
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
"""Seconds: thirty years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag of a command.

    Attributes:
        name: As it is written, ``--job-queue``.
        help: What it is for, without variable and default.
        metavar: What its value is called in the help.
        kind: ``value``, a ``switch``, or ``yes-no``: also as ``--no-...``.
        argument: The argument of ``JobRequest`` that it fills; ``None`` for all other flags.
        variable: The environment variable that stands in for it.
        sources: Where else its value comes from, for the help; each after the one before it.
        default: The value if nothing gives one.
        choices: The values that it takes, if they are few.
        read: Makes the value of its text, or raises ``argparse.ArgumentTypeError``.
        example: JSON that it takes.
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
        """The name that argparse and ``Given`` know it by."""
        return self.name.removeprefix("--").replace("-", "_")

    def add_to(self, parser: argparse._ActionsContainer) -> None:
        """Add the flag, with its variable and default named in the help."""
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
    """Read a span of time."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < _BEYOND_USE:
        raise argparse.ArgumentTypeError("needs a number of seconds above 0")
    return number


def not_empty(text: str) -> str:
    """Refuse what a script's unset variable leaves."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty")
    return text


Groups = Mapping[str, tuple[Flag, ...]]
"""Flags by the title under which the help shows them."""


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
        help="profile in AWS's configuration files; if not given, AWS's own rules apply "
        "(AWS_PROFILE, AWS_ACCESS_KEY_ID, the machine's role)",
    ),
    Flag(
        name="--endpoint-url",
        metavar="URL",
        read=not_empty,
        help="send the calls to this URL instead of AWS, such as that of 'fargate-batch local'; "
        "if not given, AWS's own rules apply (AWS_ENDPOINT_URL)",
    ),
)
"""The flags of every command that calls AWS."""

POLL_INTERVAL: Final = Flag(
    name="--poll-interval",
    metavar="SECONDS",
    read=seconds,
    default="10",
    help="how often to ask AWS; one call asks about a hundred jobs",
)

WAITING: Final = (
    Flag(
        name="--timeout",
        metavar="SECONDS",
        read=seconds,
        help="stop waiting after this time; if not given, wait as long as it takes",
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
    """Add all flags, under their titles."""
    for title, flags in groups.items():
        section = parser.add_argument_group(title)
        for flag in flags:
            flag.add_to(section)


class Given:
    """The values of flags, by flag, variable or default."""

    def __init__(
        self, groups: Groups, arguments: argparse.Namespace, environment: Mapping[str, str]
    ) -> None:
        self._flags: Final = {flag.key: flag for flags in groups.values() for flag in flags}
        self._by_flag: Final = vars(arguments)
        self._environment: Final = environment
        self._settled: Final[dict[str, object]] = {}

    def __getitem__(self, key: str) -> Any:
        """Return the value of a flag by its key; ``None`` if there is none."""
        flag = self._flags[key]
        if (by_flag := self._by_flag[key]) is not None:
            return by_flag
        if key in self._settled:
            return self._settled[key]
        text = self._variable(flag) or flag.default
        return None if text is None else flag.read(text)

    def __contains__(self, key: str) -> bool:
        """Tell whether a flag or its variable was given: a default alone is not."""
        return self._by_flag[key] is not None or self._variable(self._flags[key]) is not None

    def has_flag(self, key: str) -> bool:
        """Tell whether the command has a flag at all."""
        return key in self._flags

    def settle(self, key: str, value: object) -> None:
        """Give a flag that was not given a value from a source that only the command knows."""
        self._settled[key] = value

    def request_arguments(self) -> dict[str, object]:
        """Return the arguments for ``JobRequest``, by its own names.

        Several flags may fill one argument; the one that was given does.
        """
        arguments: dict[str, object] = {}
        for flag in self._flags.values():
            if flag.argument and arguments.get(flag.argument) is None:
                arguments[flag.argument] = self[flag.key]
        return arguments

    def flagged_arguments(self) -> dict[str, object]:
        """Return the arguments for ``JobRequest`` that flags gave, not variables or defaults."""
        return {
            flag.argument: value
            for flag in self._flags.values()
            if flag.argument and (value := self._by_flag[flag.key]) is not None
        }

    def describe(self, problem: Problem) -> str:
        """Write a problem with the flag, or the flag's variable, in place of the argument."""
        argument, *rest = re.split(r"(?=[.\[])", problem.field, maxsplit=1)
        inside = "".join(rest)
        flag = self._flag_of(argument)
        where = flag.name if flag else argument.replace("_", " ")
        where += f" {inside[1:]}" if inside.startswith(".") else inside
        if flag and self._by_flag[flag.key] is None and self._variable(flag):
            where += f" (from {flag.variable})"
        message = problem.message
        if flag and problem.suggestion == WRITE_JSON:  # which speaks of templates as well
            advice = json_advice(flag.name, flag.example)
            message = message.removesuffix(WRITE_JSON) + advice
        return f"{where}: {in_flags(message)}"

    def in_flags(self, text: str) -> str:
        """Write flags in place of the arguments that a message names."""
        return in_flags(text)

    def _variable(self, flag: Flag) -> str | None:
        text = self._environment.get(flag.variable, "") if flag.variable else ""
        return text if text.strip() else None

    def _flag_of(self, argument: str) -> Flag | None:
        """Return the flag that fills an argument; of several, the one that was given."""
        flags = [flag for flag in self._flags.values() if flag.argument == argument]
        given = (flag for flag in flags if self._by_flag[flag.key] is not None)
        return next(given, None) or next(iter(flags), None)
