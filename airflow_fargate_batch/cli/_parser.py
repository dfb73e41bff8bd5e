"""Argument parser with helpful errors. Errors never repeat a value, because it may be a secret."""

import argparse
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from airflow_fargate_batch import __version__
from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import INVALID
from airflow_fargate_batch.core.spelling import nearest


class Parser(argparse.ArgumentParser):
    """``ArgumentParser`` without abbreviations: a new flag must not change an old script."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=_Formatter, allow_abbrev=False, add_help=False, **settings)
        self._common: tuple[str, ...] = ()
        self._short_epilog = ""
        self.add_argument("-h", "--help", action=_ShowHelp, help="show this text, and exit")
        self.add_argument(
            "--version",
            action="version",
            version=f"{self.prog} {__version__}",
            help="show the version, and exit",
        )

    def shorten_help(self, common: tuple[str, ...], epilog: str) -> None:
        """Shorten ``--help`` and add ``--help-all``, which explains every flag.

        :param common: flags to explain in the short help, which only names the rest.
        :param epilog: end of the short help.
        """
        self._common = common
        self._short_epilog = epilog
        self.add_argument("--help-all", action=_ShowAllHelp, help="explain every flag, and exit")

    @property
    def actions(self) -> list[argparse.Action]:
        """All flags and positional arguments, in order."""
        return self._actions

    def format_help(self) -> str:
        """Return the help, shortened after ``shorten_help``."""
        return self._format_short_help() if self._common else super().format_help()

    def format_all_help(self) -> str:
        """Return the help with every flag."""
        return super().format_help()

    def _format_short_help(self) -> str:
        actions = [each for each in self._actions if each.option_strings]
        explained = {name: each for each in actions for name in each.option_strings}
        common = [explained[name] for name in self._common]
        others = ", ".join(_long_name(each) for each in actions if each not in common)
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        formatter.start_section("common flags")
        formatter.add_arguments(common)
        formatter.end_section()
        more = textwrap.fill(
            others, 98, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
        )
        formatter.add_text(f"more flags (explained by --help-all):\n{more}")
        formatter.add_text(self._short_epilog)
        return formatter.format_help()

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse the arguments; on a mistake, write an error and exit with 2."""
        self._refuse_dashes(argv)
        arguments, strays = self.parse_known_args(argv)
        unknown = [_flag_in(word) for word in strays if word.startswith("-") and len(word) > 1]
        if unknown:
            known = [name for name in self._option_string_actions if name.startswith("--")]
            said = (f"there is no flag {name}{_hint(name, known)}" for name in unknown)
            self.error(", ".join(said))
        if strays:
            place = list(argv).index(strays[0]) + 1
            self.error(
                f"unexpected argument {place}. If a value contains spaces (such as JSON), put it "
                "in single quotes"
            )
        return arguments

    def _refuse_dashes(self, argv: Sequence[str]) -> None:
        """Refuse ``--flag=--``, because argparse would fail with a traceback."""
        for word in argv:
            flag, equals, value = word.partition("=")
            if flag.startswith("-") and equals and value == "--":
                self.error(f"{flag}: -- is not a value")

    def error(self, message: str) -> NoReturn:
        """Write an error and the name of the help command, and exit with 2."""
        _console.error(message.removeprefix("argument "))
        _console.talk(f"See '{self.prog} --help'.")
        self.exit(INVALID)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Flush stdout and exit; flushing here reports a closed pipe before Python's own flush."""
        if sys.stdout is not None:
            sys.stdout.flush()
        super().exit(status, message)


def _hint(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean ...?`` for an unknown flag; ``-q`` suggests all flags in q."""
    if name.startswith("--"):
        return did_you_mean(name, known)
    meant = [each for each in known if each.startswith(f"-{name}")]
    return f"; did you mean {' or '.join(meant)}?" if meant else ""


def _long_name(action: argparse.Action) -> str:
    return next(name for name in action.option_strings if name.startswith("--"))


def _flag_in(word: str) -> str:
    """Return the flag name at the start of a word, without the value: it may be a secret."""
    return word.partition("=")[0] if word.startswith("--") else word[:2]


class _ShowHelp(argparse.Action):
    """Writes the help to stdout and exits."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **settings)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Write the help and exit."""
        parser.print_help()
        parser.exit()


class _ShowAllHelp(_ShowHelp):
    """Writes the help with every flag to stdout and exits."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Write the help and exit."""
        if isinstance(parser, Parser) and sys.stdout is not None:
            sys.stdout.write(parser.format_all_help())
        parser.exit()


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)

    def _split_lines(self, text: str, width: int) -> list[str]:
        """Break lines between words only: names and regions have hyphens."""
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean ...?`` with the known word nearest to *word*, or nothing."""
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else ""
