"""Python processes that tests start, and that end soon."""

from typing import Final

COLLECT_NOTHING: Final = """
import atexit, gc
gc.disable()
atexit.register(gc.freeze)
"""
"""Begin of such a process: collecting garbage while Airflow is loaded, and at the exit, would take
a third of the time."""
