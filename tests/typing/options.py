"""Uses of the command line's options that mypy must accept, and mistakes that it must find.

Never run: mypy reads this file. An ignored mistake that mypy does not find is an error of its own.
"""

import argparse
from typing import assert_type

from airflow_fargate_batch.cli._flags import Options, flag, seconds, switch, yes_no
from airflow_fargate_batch.core.request import JobRequest


class SomeOptions(Options, title="some"):
    """Flags of every kind."""

    text = flag(str, help="a text")
    with_default = flag(str, default="x", help="a text")
    span = flag(seconds, help="a number")
    on = switch(help="on")
    maybe = yes_no(help="maybe")
    misspelt = flag(str, help="a text", metvar="N")  # type: ignore[call-overload]


options = SomeOptions(argparse.Namespace(), {})
assert_type(options.text, str | None)
assert_type(options.with_default, str)
assert_type(options.span, float | None)
assert_type(options.on, bool)
assert_type(options.maybe, bool | None)
assert_type(SomeOptions.with_default.name, str)
options.txet  # type: ignore[attr-defined]  # noqa: B018 - never run
options.text = "y"  # type: ignore[assignment]
options.is_given(SomeOptions.txet)  # type: ignore[attr-defined]

JobRequest(job_name="n", job_queue="q", job_definition="d", array_sise=2)  # type: ignore[call-arg]
