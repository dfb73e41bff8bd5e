"""``fargate-batch local``: run LocalBatch in a shell until Ctrl-C."""

import argparse
import math
import signal
import sys
import threading
from typing import Any, Final

EPILOG: Final = """\
examples:
  in one shell: start LocalBatch, ten times as fast as AWS, and run the jobs' commands
    fargate-batch local --port 4567 --speed 10 --run-commands
  in another shell: paste the export lines, then
    job=$(fargate-batch submit --command '["echo", "hello"]')
    fargate-batch wait $job && fargate-batch logs $job

  lose the answer of every third SubmitJob; make every read five seconds old
    fargate-batch local --fault cut_after:operation=SubmitJob,every=3 --fault lag:seconds=5

kinds of faults:
  the call is not carried out: throttle, error_before, expired, denied, cut_before, reset_before
  the call is carried out, the answer lost: error_after, cut_after, reset_after, malformed, truncate
  the call is delayed by 'seconds': latency (before the call), stall (after the call)
  reads differ: lag (show a past state), vanish (omit young jobs), unknown_status, empty_page (logs)
options of faults:
  operation (Describe*, logs:GetLogEvents), every, probability, skip, times, rate, seconds, status,
  job (a pattern of names)

LocalBatch starts with a queue and a job definition (named in the variables), and with the queue
'fair-share', whose jobs need --share-identifier and --scheduling-priority. Create others with the
AWS CLI or any AWS SDK. When LocalBatch stops, all data is lost.
The URL and an export line for each variable go to stdout. With --run-commands every start makes new
credentials, and requests signed with other credentials are refused.
exit codes: 0 stopped by Ctrl-C or SIGTERM; 1 could not listen, or moto is missing; 2 bad usage."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags and the examples."""
    parser.description = (
        "Run AWS Batch on 127.0.0.1, without Docker or an account, until Ctrl-C. Prints the\n"
        "export lines that make AWS clients use LocalBatch."
    )
    parser.epilog = EPILOG
    parser.add_argument(
        "--port", type=_port, default=0, help="port to listen on (default: any free port)"
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        help="factor by which jobs run faster than on AWS (default: 1)",
    )
    parser.add_argument(
        "--run-commands",
        action="store_true",
        help="run the jobs' commands as processes on this machine, with your permissions; requests "
        "must be signed with the printed credentials",
    )
    parser.add_argument(
        "--seed", type=int, help="seed that makes job ids and faults the same in every run"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="KIND[:OPTION=VALUE,...]",
        help="fault to inject, such as throttle:operation=SubmitJob,every=3; may be repeated",
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
        _say(f"Could not listen on 127.0.0.1:{arguments.port}: {error.strerror}")
        return 1
    try:
        variables = aws.environ | {
            "AWS_BATCH_JOB_QUEUE": READY_QUEUE,
            "AWS_BATCH_JOB_DEFINITION": READY_DEFINITION,
        }
        exports = [f"export {name}={value}" for name, value in variables.items()]
        print(aws.url, *exports, sep="\n", flush=True)  # noqa: T201 - stdout is data
        _say("LocalBatch is running; Ctrl-C stops it.")
        over.wait()
    finally:
        aws.stop()
    return 0


def _say(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201 - stderr is talk


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text[:6]) < 1 << 16):
        raise argparse.ArgumentTypeError("must be a number from 0 to 65535")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < math.inf:
        raise argparse.ArgumentTypeError("must be a number greater than 0")
    return speed


def _fault(text: str) -> tuple[str, dict[str, Any]]:
    from airflow_fargate_batch.local.faults import parse_fault

    try:
        return parse_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
