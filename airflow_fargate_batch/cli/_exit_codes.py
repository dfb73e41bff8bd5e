"""What a command returns to the shell."""

from typing import Final

OK: Final = 0
REFUSED: Final = 1
"""AWS refused, or could not be reached; ``sizes``: Fargate does not run it."""
FAILED: Final = 1
"""A job failed, was lost, or took too long."""
INVALID: Final = 2
"""Bad usage, or a request that can never be valid."""
INTERRUPTED: Final = 130
"""Ctrl-C, as shells count it: 128 and the signal's number."""
