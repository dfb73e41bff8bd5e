"""The sensor: waits for jobs that somebody else submitted."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_fargate_batch._compat import AirflowFailException, BaseSensorOperator, Context, conf
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.narration import Narrator
from airflow_fargate_batch.core.request import DRY_RUN_PREFIX, job_ids_in
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.exceptions import FargateBatchError, InvalidRequest, JobLost
