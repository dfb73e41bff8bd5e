"""Who a submission is, and the job name and tags that say so.

SubmitJob takes no client token, so a submission carries its own: a hash of what makes it one
submission and no other, and beside it the generation, which counts how often a person asked for
it anew. Both stand at the end of a default job name and in a tag, where a later look finds them.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final

from airflow_fargate_batch.core import limits

DEFAULT_PREFIX: Final = "fargate-job"

TAG_PREFIX: Final = "airflow-fargate-batch:"
SUBMISSION_TAG: Final = f"{TAG_PREFIX}submission"

INDEXES_VARIABLE: Final = "FARGATE_BATCH_INDEXES"
"""Where the children of an array that runs again find their indexes, separated by commas."""

_ILLEGAL_IN_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
_ILLEGAL_IN_TAG: Final = re.compile(rf"(?!{limits.TAG_CHARACTER})[\s\S]")
_TOKEN_DIGITS: Final = 16
_GENERATION_DIGITS: Final = 4
"""Room left for a generation, so that the name of a task's jobs changes in nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What tells one submission from every other.

    Attributes:
        token: The same for every try of one task instance, different for any two of them.
        generation: How many tries had been used when a person last cleared the task.
        dag_id: With the rest, what the tags say; ``None`` outside Airflow.
        run_id: The DAG run.
        task_id: The task.
        map_index: The index of a mapped task; -1 for one that is not mapped.
    """

    token: str
    generation: int = 0
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int = -1

    @classmethod
    def of_task(
        cls, *, dag_id: str, run_id: str, task_id: str, map_index: int, generation: int
    ) -> "Submission":
        """Identify a task instance, the same on every version of Airflow."""
        return cls(
            token=token_of(dag_id, run_id, task_id, map_index),
            generation=generation,
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
        )

    @property
    def mark(self) -> str:
        """The value of the tag that identifies the submission."""
        return f"{self.token}-{self.generation}"

    def job_name(self, prefix: str) -> str:
        """Return ``prefix-dag-task-mark``, cut to a legal length with the mark kept."""
        index = [str(self.map_index)] if self.map_index >= 0 else []
        tail = "-".join([*index, self.mark])
        room = limits.JOB_NAME_LENGTH - 1 - len(tail.removesuffix(str(self.generation)))
        said = "-".join(part for part in (prefix, self.dag_id, self.task_id) if part)
        head = legal_job_name(said)[: room - _GENERATION_DIGITS]
        return f"{head}-{tail}"

    def tags(self, *, room: int) -> dict[str, str]:
        """Return the tags that identify it, the most important first, at most *room*."""
        said = {
            SUBMISSION_TAG: self.mark,
            f"{TAG_PREFIX}dag": self.dag_id,
            f"{TAG_PREFIX}task": self.task_id,
            f"{TAG_PREFIX}run": self.run_id,
            f"{TAG_PREFIX}map-index": str(self.map_index) if self.map_index >= 0 else None,
        }
        known = [(key, _legal_tag_value(value)) for key, value in said.items() if value is not None]
        return dict(known[: max(room, 0)])


def token_of(*identity: str | int) -> str:
    """Hash what identifies a submission into a token that a job name can carry."""
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:_TOKEN_DIGITS]


def submission_of_key(key: str) -> Submission:
    """Return the submission that a caller's own key stands for, the same in every run."""
    return Submission(token=token_of("key", key))


def legal_job_name(text: str) -> str:
    """Return the nearest legal job name: other characters become hyphens, the rest is cut."""
    name = _ILLEGAL_IN_NAME.sub("-", text).lstrip("-_")
    return name[: limits.JOB_NAME_LENGTH].rstrip("-") or "job"


def _legal_tag_value(text: str) -> str:
    return _ILLEGAL_IN_TAG.sub("-", text)[: limits.TAG_VALUE_LENGTH]
