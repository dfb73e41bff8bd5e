"""Keys of a task's XComs: a persisted contract.

DAGs read ``job``, ``request`` and ``result``, links read the console pages, and a restarted
triggerer reads ``log_position``: a renamed key breaks running deployments.
"""

from typing import Final

RETURN_VALUE: Final = "return_value"
"""Id of the job; for a dry run a placeholder. Airflow's key of what a task returns."""
REQUEST: Final = "request"
"""Body of SubmitJob rendered by a dry run, secrets struck out."""
JOB: Final = "job"
"""Summary of the job at the end of the wait: ``Job.to_summary``."""
RESULT: Final = "result"
"""Result of the job, read from its log (*result_from_log*)."""
CONSOLE_LINKS: Final = "console_links"
"""Addresses of the console pages known at the submit, by link."""
CONSOLE_LOG: Final = "console_log"
"""Address of the job's log stream in the console."""
LOG_POSITION: Final = "log_position"
"""Position of a waiting task's trigger in the job's log. The task pushes an empty position when
deferring; without a pushed position the trigger keeps no position."""
