"""An argument parser whose mistakes help, and repeat no value: it may be a secret."""

import argparse
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import INVALID
from airflow_fargate_batch.core.spelling import nearest


class Parser(argparse.ArgumentParser):
    """``ArgumentParser`` without abbreviations, so that a new flag never changes an old script."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=_Formatter, allow_abbrev=False, add_help=False, **settings)
        self.add_argument("-h", "--help", action="help", help="show this text, and end")

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Read the words; on a mistake say what is wrong and exit with 2."""
        self._refuse_dashes(argv)
        arguments, strays = self.parse_known_args(argv)
        unknown = [word.partition("=")[0] for word in strays if word.startswith("--")]
        if unknown:
            known = [name for name in self._option_string_actions if name.startswith("--")]
            self.error(
                ", ".join(f"there is no flag {name}{did_you_mean(name, known)}" for name in unknown)
            )
        if strays:
            place = list(argv).index(strays[0]) + 1
            self.error(
                f"word {place} belongs to no flag: put quotes around JSON and around any value "
                "with spaces"
            )
        return arguments

    def _refuse_dashes(self, argv: Sequence[str]) -> None:
        """Refuse ``--flag=--``, at which argparse fails with a traceback."""
        for word in argv:
            flag, equals, value = word.partition("=")
            if flag.startswith("-") and equals and value == "--":
                self.error(f"{flag}: -- is no value")

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, and exit with 2."""
        _console.error(message.removeprefix("argument "))
        _console.talk(f"See '{self.prog} --help'.")
        self.exit(INVALID)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End the program, its help written out: nobody may be there to read it."""
        if sys.stdout is not None:
            sys.stdout.flush()
        super().exit(status, message)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)

    def _split_lines(self, text: str, width: int) -> list[str]:
        """Break lines between words only: names and regions have hyphens."""
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """End a sentence about an unknown word with the known one that is like it."""
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else ""
