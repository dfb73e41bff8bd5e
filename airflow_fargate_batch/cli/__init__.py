"""The programs ``fargate-batch`` and ``submit-fargate-job`` (``fargate-batch submit``).

A command is a module of this package with ``add_arguments(parser)`` and ``run(arguments) -> int``.
A call imports only its own command, and boto3 only if the command calls AWS: importing boto3 takes
longer than a dry run.
"""

import atexit
import gc
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import INTERRUPTED, INVALID, OK, REFUSED
from airflow_fargate_batch.cli._parser import Parser, did_you_mean
from airflow_fargate_batch.cli._wording import in_flags, problems_in_flags
from airflow_fargate_batch.exceptions import FargateBatchError, InvalidRequest

PROGRAM: Final = "fargate-batch"

COMMANDS: Final = {
    "submit": "check and submit a job; with --dry-run, only show the request",
    "wait": "wait until jobs end, and report the result of each job",
    "status": "show the state of jobs",
    "logs": "show the log of a job",
    "explain": "explain why a job failed or does not start, and what to do",
    "terminate": "terminate jobs in any state",
    "doctor": "judge a queue, a job definition or a whole submit, and say what to do",
    "sizes": "list Fargate's vCPU and memory pairs, or the pairs nearest to a given size",
    "cost": "show what the jobs of a queue have cost, by DAG, task, share or job definition",
    "prices": "show the prices of Fargate, or read today's prices from AWS",
    "iam-policy": "print the IAM policy that the features you use need",
    "migrate": "rewrite DAG files from BatchOperator to FargateBatchSubmitOperator",
    "local": "run AWS Batch on this machine, without Docker or an account",
    "completion": "print the completion script for bash or zsh",
}
"""Summary of each command, by name. The summary opens the command's help."""

OBJECTS_BEFORE_COLLECTING: Final = 100_000
"""Number of new objects before Python collects garbage. A short call makes fewer, so Python never
collects during the call; collecting would take a tenth of the call's time."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``fargate-batch`` and return the exit code.

    :param argv: command and flags. ``None`` means the arguments of this process.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    if words and words[0] in COMMANDS:
        return _exit_code(partial(_run, words[0], f"{PROGRAM} {words[0]}", words[1:]))
    return _exit_code(partial(_overview, words))


def submit_fargate_job(argv: Sequence[str] | None = None) -> int:
    """Run ``fargate-batch submit`` under the name of the older script; return the exit code.

    :param argv: flags. ``None`` means the arguments of this process.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    return _exit_code(partial(_run, "submit", "submit-fargate-job", words))


def module_of(command: str) -> str:
    """Return the name of a command's module."""
    return f"{__name__}.{command.replace('-', '_')}"


def _run(command: str, program: str, words: Sequence[str]) -> int:
    gc.set_threshold(OBJECTS_BEFORE_COLLECTING)
    atexit.register(gc.freeze)  # or Python collects what it made when it exits: a fifth of the time
    summary = COMMANDS[command]
    parser = Parser(prog=program, description=f"{summary[0].upper()}{summary[1:]}.")
    module = import_module(module_of(command))
    module.add_arguments(parser)
    return int(module.run(parser.parse(words)))


def _overview(words: Sequence[str]) -> int:
    width = max(map(len, COMMANDS)) + 2
    commands = "\n".join(f"  {name:{width}}{summary}" for name, summary in COMMANDS.items())
    parser = Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} COMMAND [flags]",
        description="Run AWS Batch jobs on Fargate. Every request is checked before the submit, and"
        "\nevery job is submitted exactly once.\n\n"
        f"commands:\n{commands}",
        epilog=f"Help for one command: {PROGRAM} submit --help",
    )
    if words and not words[0].startswith("-"):
        parser.error(f"there is no command '{words[0]}'{did_you_mean(words[0], COMMANDS)}")
    parser.parse(words)
    parser.print_help(sys.stderr)
    return INVALID


def _exit_code(command: Callable[[], int]) -> int:
    """Call a command; report a raised exception on stderr and as the exit code."""
    code = _code_of(command)
    return code or (REFUSED if _console.has_failed() else OK)


def _code_of(command: Callable[[], int]) -> int:
    try:
        return command()
    except SystemExit as end:  # argparse has already written its message
        return end.code if isinstance(end.code, int) else INVALID
    except KeyboardInterrupt:
        _console.error("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of the help has closed the pipe
        _console.give_up_stdout()
        return OK
    except InvalidRequest as error:
        _console.error(problems_in_flags(error))
        return INVALID
    except FargateBatchError as error:
        _console.error(in_flags(str(error)))
        return REFUSED
    except OSError as error:
        _console.could_not_write(error)
        return REFUSED
