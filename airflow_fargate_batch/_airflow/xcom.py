"""Keys of the XComs that a task pushes beside ``return_value``: a persisted contract.

DAGs read ``job`` and ``request``, links read the console pages, and a restarted triggerer reads
``log_position``: a renamed key breaks running deployments.
"""

from typing import Final

REQUEST: Final = "request"
"""Body of SubmitJob that a dry run rendered, secrets struck out."""
JOB: Final = "job"
"""Summary of the job when the wait for it ended: ``Job.to_summary``."""
CONSOLE_LINKS: Final = "console_links"
"""Addresses of the console's pages that are known at the submit, by link."""
CONSOLE_LOG: Final = "console_log"
"""Address of the job's log stream in the console."""
LOG_POSITION: Final = "log_position"
"""Position up to which a waiting task's trigger has read the log of its job. The task pushes an
empty position when it defers; a trigger whose task has pushed none keeps none."""
