"""Flags as attributes: a class declares flags, and its instance has their values, typed.

    class SizeOptions(Options, title="size"):
        vcpu = flag(str, metavar="N", argument="vcpu", help="number of vCPU")

    options = SizeOptions(parser.parse_args(["--vcpu", "2"]), os.environ)
    options.vcpu   # "2", of type str | None

The name of an attribute is the name of its flag: ``job_queue`` is ``--job-queue``. A misspelt
attribute fails mypy. A flag overrides its environment variable, and a variable overrides the
default. An empty variable counts as unset.
"""

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import (
    Any,
    ClassVar,
    Final,
    Generic,
    Literal,
    Never,
    NoReturn,
    Self,
    TypedDict,
    TypeVar,
    Unpack,
    overload,
)

from airflow_fargate_batch.cli._wording import FLAG_OF, in_flags, json_advice
from airflow_fargate_batch.core._request.values import WRITE_JSON
from airflow_fargate_batch.exceptions import Problem

Value = TypeVar("Value")

_BEYOND_USE: Final = 10**9
"""Seconds, about thirty years: larger values are mistakes."""


class About(TypedDict, total=False):
    """Optional parts of a flag; ``Flag`` describes them."""

    metavar: str
    argument: str
    variable: str
    sources: tuple[str, ...]
    choices: tuple[str, ...]
    example: str


@dataclass(slots=True, kw_only=True, eq=False)
class Flag(Generic[Value]):
    """One flag. ``flag``, ``switch`` and ``yes_no`` make flags with the type of their values.

    Attributes:
        help: Help text without variable and default.
        read: Parses the text, or raises ``argparse.ArgumentTypeError``.
        default: Value if no source gives a value.
        kind: ``value``, ``switch``, or ``yes-no`` (also accepts ``--no-...``).
        metavar: Name of the value in the help.
        argument: Argument of ``JobRequest`` that the flag sets. ``None`` means no argument.
        variable: Environment variable that is read if the flag is not given.
        sources: Further sources of the value, named in the help in order of precedence.
        choices: The accepted values. ``None`` means any value.
        example: Example of a JSON value.
        key: Name of the attribute, and of the flag's value in argparse's namespace.
    """

    help: str
    read: Callable[[str], object] = str
    default: str | None = None
    kind: Literal["value", "switch", "yes-no"] = "value"
    metavar: str | None = None
    argument: str | None = None
    variable: str | None = None
    sources: tuple[str, ...] = ()
    choices: tuple[str, ...] | None = None
    example: str | None = None
    key: str = field(default="", init=False)

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = name

    @overload
    def __get__(self, options: None, owner: type) -> Self: ...

    @overload
    def __get__(self, options: "Options", owner: type) -> Value: ...

    def __get__(self, options: "Options | None", owner: type) -> Any:
        return self if options is None else options.value_of(self)

    def __set__(self, options: object, value: Never) -> NoReturn:
        raise AttributeError("options are read-only")

    @property
    def name(self) -> str:
        """Name with dashes, ``--job-queue``."""
        return f"--{self.key.replace('_', '-')}"

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


@overload
def flag(
    read: Callable[[str], Value], *, help: str, default: str, **about: Unpack[About]
) -> Flag[Value]: ...


@overload
def flag(
    read: Callable[[str], Value], *, help: str, **about: Unpack[About]
) -> Flag[Value | None]: ...


def flag(
    read: Callable[[str], Any],
    *,
    help: str,  # noqa: A002 - argparse's word
    default: str | None = None,
    **about: Unpack[About],
) -> Flag[Any]:
    """Declare a flag with a value; without a default the value may be ``None``."""
    return Flag(read=read, help=help, default=default, **about)


def switch(*, help: str) -> Flag[bool]:  # noqa: A002 - argparse's word
    """Declare a flag without a value."""
    return Flag(help=help, kind="switch")


def yes_no(*, help: str, **about: Unpack[About]) -> Flag[bool | None]:  # noqa: A002 - argparse's word
    """Declare a flag with its opposite, ``--no-...``; ``None`` means that neither is given."""
    return Flag(help=help, kind="yes-no", **about)


class Options:
    """Values of a command's flags: from the command line, an environment variable or the default.

    A command inherits the sections of its flags, in the order of its help. A flag of a subclass
    stands in the section that *title* names.
    """

    title: ClassVar[str]

    def __init_subclass__(cls, title: str = "") -> None:
        cls.title = title or getattr(cls, "title", "")

    def __init__(self, arguments: argparse.Namespace, environment: Mapping[str, str]) -> None:
        self._by_flag: Final[Mapping[str, Any]] = vars(arguments)
        self._environment: Final = environment

    @classmethod
    def own_flags(cls) -> list[Flag[Any]]:
        """Return the flags that the class itself declares."""
        return [each for each in vars(cls).values() if isinstance(each, Flag)]

    @classmethod
    def sections(cls) -> dict[str, list[Flag[Any]]]:
        """Return the flags by the title of their section in the help."""
        found: dict[str, list[Flag[Any]]] = {}
        for part in cls.__mro__:
            if issubclass(part, Options) and (flags := part.own_flags()):
                found.setdefault(part.title, []).extend(flags)
        return found

    @classmethod
    def flags(cls) -> list[Flag[Any]]:
        """Return the flags in the order of the help."""
        return [each for flags in cls.sections().values() for each in flags]

    @classmethod
    def add_to(cls, parser: argparse.ArgumentParser) -> None:
        """Add all flags to a parser."""
        for title, flags in cls.sections().items():
            section = parser.add_argument_group(title)
            for each in flags:
                each.add_to(section)

    def value_of(self, flag: Flag[Any]) -> Any:
        """Return the value of a flag; also the attributes of the options return it."""
        if (by_flag := self._by_flag[flag.key]) is not None:
            return by_flag
        text = self._variable(flag) or flag.default
        if text is None:
            return False if flag.kind == "switch" else None
        return flag.read(text)

    def is_given(self, flag: Flag[Any]) -> bool:
        """Return whether the flag or its variable is given; a default does not count."""
        return self.is_flagged(flag) or self._variable(flag) is not None

    def is_flagged(self, flag: Flag[Any]) -> bool:
        """Return whether the flag is given; a variable or a default does not count."""
        return self._by_flag[flag.key] is not None

    def request_arguments(self) -> dict[str, object]:
        """Return the arguments for ``JobRequest`` by name.

        Several flags may set the same argument; the given flag wins.
        """
        arguments: dict[str, object] = {}
        for each in self.flags():
            if each.argument and arguments.get(each.argument) is None:
                arguments[each.argument] = self.value_of(each)
        return arguments

    def flagged_arguments(self) -> dict[str, object]:
        """Return the arguments for ``JobRequest`` set by flags, without variables and defaults."""
        return {
            each.argument: self.value_of(each)
            for each in self.flags()
            if each.argument and self.is_flagged(each)
        }

    def describe(self, problem: Problem) -> str:
        """Return a problem as text, with the flag or variable in place of the argument."""
        argument, *rest = re.split(r"(?=[.\[])", problem.field, maxsplit=1)
        inside = "".join(rest)
        flag = self._flag_of(argument)
        where = flag.name if flag else FLAG_OF.get(argument, argument.replace("_", " "))
        where += f" {inside[1:]}" if inside.startswith(".") else inside
        if flag and not self.is_flagged(flag) and self._variable(flag):
            where += f" (from {flag.variable})"
        message = problem.message
        if flag and problem.suggestion == WRITE_JSON:  # advice that mentions templates
            advice = json_advice(flag.name, flag.example)
            message = message.removesuffix(WRITE_JSON) + advice
        return f"{where}: {in_flags(message)}"

    def _variable(self, flag: Flag[Any]) -> str | None:
        text = self._environment.get(flag.variable, "") if flag.variable else ""
        return text if text.strip() else None

    def _flag_of(self, argument: str) -> Flag[Any] | None:
        """Return the flag that sets an argument; of several flags, the given flag."""
        flags = [each for each in self.flags() if each.argument == argument]
        return next(filter(self.is_flagged, flags), None) or next(iter(flags), None)


def seconds(text: str) -> float:
    """Parse a positive number of seconds."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < _BEYOND_USE:
        raise argparse.ArgumentTypeError("must be a number of seconds greater than 0")
    return number


def child_index(text: str) -> str:
    """Check the index of an array child."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError("must be a number, 0 or greater")
    return text


def not_empty(text: str) -> str:
    """Refuse an empty value, usually an unset variable in a script."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty")
    return text
