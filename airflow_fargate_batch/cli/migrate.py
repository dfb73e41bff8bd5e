"""``fargate-batch migrate``: rewrite DAG files from BatchOperator."""

import argparse
import difflib
import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch._machine.files import NotReadable, read_bytes, replace_bytes
from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import INVALID, OK
from airflow_fargate_batch.cli._flags import Options, switch

if TYPE_CHECKING:
    from airflow_fargate_batch.migrating.dag_file import Migrated

MOST_BYTES: Final = 8 * 1024 * 1024
"""Maximum size of a DAG file: far more than a person writes."""
FAILED: Final = 1

EPILOG: Final = """\
examples:
  show what would change
    {prog} dags/nightly.py

  change all DAG files of a folder, and read the notes in them
    {prog} --write dags/*.py
    grep -n 'fargate-batch migrate:' dags/*.py

BatchOperator becomes FargateBatchSubmitOperator, and BatchSensor becomes FargateBatchJobSensor.
Arguments with another name are renamed, and container_overrides is taken apart into vcpu, memory,
command and environment if the file shows its members. BatchOperator waits for its job by default;
the new call says wait_for_completion=True. What has no counterpart is left out, and what Fargate
does not run stays a call of BatchOperator: a comment above the statement says why. The comments
and the layout of the file are kept.
The diff goes to stdout, notes go to stderr. Check the result: import the DAG, and compare a dry run
(dry_run=True) with a request that AWS knows.
The command needs LibCST: pip install 'airflow-fargate-batch[migrate]'.
exit codes: 0 done, also if notes are left; 1 a file could not be read, parsed or written, or no
file uses BatchOperator; 2 bad usage, or LibCST is missing."""


class MigrateOptions(Options, title="output"):
    """Options of ``migrate``."""

    write = switch(help="change the files; if not given, only show the diff")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files, the flag and the examples."""
    parser.usage = "%(prog)s [--write] DAG.py ..."
    parser.epilog = EPILOG.format(prog=parser.prog)
    parser.add_argument("files", nargs="+", metavar="DAG.py", help="DAG file to rewrite")
    MigrateOptions.add_to(parser)


def run(arguments: argparse.Namespace) -> int:
    """Rewrite the files, each on its own: a file with an error leaves the others."""
    options = MigrateOptions(arguments, os.environ)
    if find_spec("libcst") is None:
        _console.error(
            "migrate needs LibCST. Install it: pip install 'airflow-fargate-batch[migrate]'"
        )
        return INVALID
    outcomes = [_migrate(path, write=options.write) for path in arguments.files]
    if not any(each is None or each.mentions for each in outcomes):
        _console.error(
            "no BatchOperator and no BatchSensor to rewrite. Give the files that import them from "
            "airflow.providers.amazon.aws"
        )
        return FAILED
    return FAILED if None in outcomes else OK


def _migrate(path: str, *, write: bool) -> "Migrated | None":
    """Rewrite a file and report on it; return ``None`` after an error."""
    from airflow_fargate_batch.migrating.dag_file import NotPython, migrate

    try:
        done = migrate(read_bytes(path, most=MOST_BYTES))
    except NotReadable as error:
        _console.error(f"{path} {error}")
        return None
    except NotPython as error:
        _console.error(
            f"{path} is not valid Python: {error}. The file is unchanged; mend it, and run again"
        )
        return None
    if not done.mentions:
        _console.note(f"{path}: no BatchOperator and no BatchSensor; the file is unchanged")
        return done
    if done.new != done.old:
        if write and not _written(path, done.data):
            return None
        _console.data("\n".join(_diff(path, done)))
    _report(path, done, written=write)
    return done


def _written(path: str, data: bytes) -> bool:
    try:
        replace_bytes(path, data)
    except OSError as error:
        _console.error(f"{path} cannot be written: {error.strerror or error}")
        return False
    return True


def _report(path: str, done: "Migrated", *, written: bool) -> None:
    lines: dict[str, list[int]] = {}
    for note in done.notes:
        lines.setdefault(note.text, []).append(note.line)
    for text, (first, *more) in lines.items():
        also = f" (also in lines {', '.join(map(str, more))})" if more else ""
        _console.warning(f"{path}:{first}: {text}{also}")
    plural = "" if done.calls == 1 else "s"
    verb = "rewritten" if written else "to rewrite (--write changes the file)"
    _console.talk(f"{path}: {done.calls} call{plural} {verb}")


def _diff(path: str, done: "Migrated") -> Iterator[str]:
    """Return the lines of a unified diff that ``patch -p1`` applies."""
    name = path.lstrip("/")
    lines = difflib.unified_diff(
        done.old.splitlines(keepends=True),
        done.new.splitlines(keepends=True),
        f"a/{name}",
        f"b/{name}",
    )
    for line in lines:
        yield line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"
