"""``fargate-batch local``: LocalBatch in a shell, until Ctrl-C."""

import argparse
import math
import signal
import sys
import threading
from typing import Any, Final

EPILOG: Final = """\
examples:
  in one shell: jobs that live ten times as fast, and whose commands really run
    fargate-batch local --port 4567 --speed 10 --run-commands
  in another: paste the export lines that it wrote, and
    job=$(fargate-batch submit --command '["echo", "hello"]')
    fargate-batch wait $job && fargate-batch logs $job

  every third SubmitJob is carried out, and its answer lost; reads are five seconds old
    fargate-batch local --fault cut_after:operation=SubmitJob,every=3 --fault lag:seconds=5

kinds of faults:
  nothing is done: throttle, error_before, expired, denied, cut_before, reset_before
  the call is done, and its answer lost: error_after, cut_after, reset_after, malformed, truncate
  seconds late: latency (before the call), stall (after it)
  what reads show: lag (seconds), vanish (of jobs seconds old), unknown_status; empty_page (of logs)
options of faults:
  operation (Describe*, logs:GetLogEvents), every, probability, skip, times, rate, seconds, status,
  job (a pattern of names)

Ready to use: a queue and a job definition, named in the variables, and the queue 'fair-share',
whose jobs need --share-identifier and --scheduling-priority. AWS's own clients can make others.
Nothing is kept when LocalBatch ends.
stdout gets the URL, and a line to export for each variable. With --run-commands the credentials
among them are new for each start, and a request that is not signed with them is refused.
exit codes: 0 ended by Ctrl-C or SIGTERM; 1 it could not listen, or moto is missing; 2 bad usage."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``fargate-batch local``, and end the help with examples."""
    parser.description = (
        "Run AWS Batch on 127.0.0.1, without Docker or an account, until Ctrl-C. Prints what to\n"
        "export so that AWS clients talk to it."
    )
    parser.epilog = EPILOG
    parser.add_argument(
        "--port", type=_port, default=0, help="where to listen (default: a free one)"
    )
    parser.add_argument(
        "--speed", type=_speed, default=1.0, help="how much faster than AWS jobs live (default: 1)"
    )
    parser.add_argument(
        "--run-commands",
        action="store_true",
        help="run the jobs' commands as processes on this machine, with your rights; only for "
        "requests signed with the credentials that are printed",
    )
    parser.add_argument("--seed", type=int, help="make job ids and faults the same in every run")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="KIND[:OPTION=VALUE,...]",
        help="something to go wrong, as throttle:operation=SubmitJob,every=3; may be repeated",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code."""
    from airflow_fargate_batch.local import LocalBatch
    from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE

    aws = LocalBatch(
        port=arguments.port,
        speed=arguments.speed,
        run_commands=arguments.run_commands,
        seed=arguments.seed,
    )
    for kind, options in arguments.fault:
        aws.faults.add(kind, **options)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        aws.start()
    except ImportError as error:
        _say(str(error))
        return 1
    except OSError as error:
        _say(f"cannot listen on 127.0.0.1:{arguments.port}: {error.strerror}")
        return 1
    try:
        variables = aws.environ | {
            "AWS_BATCH_JOB_QUEUE": READY_QUEUE,
            "AWS_BATCH_JOB_DEFINITION": READY_DEFINITION,
        }
        exports = [f"export {name}={value}" for name, value in variables.items()]
        print(aws.url, *exports, sep="\n", flush=True)  # noqa: T201 - stdout is data
        _say("LocalBatch is up; Ctrl-C ends it.")
        over.wait()
    finally:
        aws.stop()
    return 0


def _say(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201 - stderr is talk


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text[:6]) < 1 << 16):
        raise argparse.ArgumentTypeError("needs a number from 0 to 65535")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < math.inf:
        raise argparse.ArgumentTypeError("needs a number above 0")
    return speed


def _fault(text: str) -> tuple[str, dict[str, Any]]:
    from airflow_fargate_batch.local.faults import parse_fault

    try:
        return parse_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
