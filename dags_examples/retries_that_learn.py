"""Retries that learn: more memory after running out, another queue after a Spot reclaim.

A retry asks for twice the memory of the job that ran out, up to 4 GB. After a Spot reclaim, or half
an hour without capacity, it goes to the queue ``on-demand``. From Airflow 3.3 on a retry policy
decides by the class of the failure; ``on_failure_callback`` sees the class on every version. Queue
and job definition come from the connection or from ``AWS_BATCH_JOB_QUEUE`` and
``AWS_BATCH_JOB_DEFINITION``.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow import DAG

from airflow_fargate_batch.exceptions import OutOfMemory, ProgramFailed, SpotReclaimed
from airflow_fargate_batch.operators import FargateBatchSubmitOperator

log = logging.getLogger("airflow.task")
policy: dict[str, Any] = {}
try:
    from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule
except ImportError:  # before Airflow 3.3 all failures are retried alike
    pass
else:
    policy["retry_policy"] = ExceptionRetryPolicy(
        rules=[
            RetryRule([OutOfMemory, SpotReclaimed], RetryAction.RETRY, timedelta(seconds=1)),
            RetryRule(ProgramFailed, RetryAction.FAIL, reason="the same input fails again"),
        ]
    )


def tell(context: Any) -> None:
    """Say what happened to the job; a pager would be told here."""
    failure = context["exception"]
    log.error("%s: %s", context["ti"].task_id, type(failure).__name__)


with DAG("retries_that_learn", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    FargateBatchSubmitOperator(
        task_id="load",
        vcpu=0.25,
        memory=512,
        command=["echo", "loaded"],
        deferrable=True,
        out_of_memory="grow",
        max_memory="4 GB",
        fallback_job_queue="on-demand",
        runnable_timeout=1800,
        retries=3,
        retry_delay=timedelta(seconds=10),
        on_failure_callback=tell,
        **policy,
    )
