"""Exit codes of the commands."""

from typing import Final

OK: Final = 0
REFUSED: Final = 1
"""AWS refused the call or was unreachable; in ``sizes``: not a Fargate size."""
FAILED: Final = 1
"""A job failed, is unknown to AWS, or took too long."""
INVALID: Final = 2
"""Bad usage, or an invalid request."""
INTERRUPTED: Final = 130
"""Ctrl-C: 128 plus the number of SIGINT, as in other programs."""
