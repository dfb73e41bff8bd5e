"""Identity of a submission, and the job name and tags that carry it.

SubmitJob takes no client token, so a submission carries its own: the token, a hash
of everything that identifies the submission, and the generation, which grows when a person clears
the task. Token and generation end a default job name and stand in a tag, so that a later search
finds the job. Further tags name the deployment and the life of the DAG run.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from airflow_fargate_batch.core import limits

DEFAULT_PREFIX: Final = "fargate-job"

TAG_PREFIX: Final = "airflow-fargate-batch:"
SUBMISSION_TAG: Final = f"{TAG_PREFIX}submission"
LIFE_TAG: Final = f"{TAG_PREFIX}life"
DEPLOYMENT_TAG: Final = f"{TAG_PREFIX}deployment"
ITEMS_TAG: Final = f"{TAG_PREFIX}items"

INDEXES_VARIABLE: Final = "FARGATE_BATCH_INDEXES"
"""Variable with the original indexes of a rerun's children, separated by commas."""

_ILLEGAL_IN_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
_ILLEGAL_IN_TAG: Final = re.compile(rf"(?!{limits.TAG_CHARACTER})[\s\S]")
_TOKEN_DIGITS: Final = 16
_GENERATION_DIGITS: Final = 4
"""Room for a generation, so that the rest of a task's job names never changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Identity of one submission.

    Attributes:
        token: Equal for all tries of a task instance, different for different task instances.
        generation: Number of tries already used when a person last cleared the task.
        dag_id: Id of the DAG, for a tag; ``None`` outside Airflow.
        run_id: Id of the DAG run, for a tag.
        task_id: Id of the task, for a tag.
        map_index: Index of a mapped task; -1 for a task that is not mapped.
        deployment: Name of the Airflow installation; ``None`` means not known.
        life: Start of the DAG run. A run deleted and created again under the same run_id
            starts at another moment. ``None`` means not known.
        operator: Id and ordinal of an operator executed inside another task.
        former_token: Token by the recipe of earlier versions of this package, without the
            deployment.
    """

    token: str
    generation: int = 0
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int = -1
    deployment: str | None = None
    life: datetime | None = None
    operator: str | None = None
    former_token: str | None = None

    @classmethod
    def of_task(
        cls,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: int,
        generation: int,
        deployment: str | None = None,
        life: datetime | None = None,
        operator_id: str | None = None,
        ordinal: int = 0,
    ) -> "Submission":
        """Identify a submit of a task instance, the same on every version of Airflow.

        :param operator_id: id of the submitting operator; by default the task's own. An operator
            executed by a Python callable has another id.
        :param ordinal: number of earlier submits of the operator in the same try.
        """
        former = token_of(dag_id, run_id, task_id, map_index)
        place: tuple[str | int, ...] = ()
        if ordinal or operator_id not in (None, task_id):
            place = (operator_id or task_id, ordinal)
        token = former
        if deployment is not None or place:
            token = token_of(deployment or "", dag_id, run_id, task_id, map_index, *place)
        return cls(
            token=token,
            generation=generation,
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            deployment=deployment,
            life=life,
            operator=":".join(map(str, place)) or None,
            former_token=None if place or token == former else former,
        )

    @property
    def mark(self) -> str:
        """Value of the submission tag."""
        return f"{self.token}-{self.generation}"

    def job_name(self, prefix: str) -> str:
        """Return ``prefix-dag-task-mark``, cut to a legal length without cutting the mark."""
        index = [str(self.map_index)] if self.map_index >= 0 else []
        tail = "-".join([*index, self.mark])
        room = limits.JOB_NAME_LENGTH - 1 - len(tail.removesuffix(str(self.generation)))
        said = "-".join(part for part in (prefix, self.dag_id, self.task_id) if part)
        head = legal_job_name(said)[: room - _GENERATION_DIGITS]
        return f"{head}-{tail}"

    def tags(self, *, room: int, items: str | None = None) -> dict[str, str]:
        """Return at most *room* tags of the submission, the most important first.

        :param items: fingerprint of the list that the children of an array share.
        """
        said = {
            SUBMISSION_TAG: self.mark,
            LIFE_TAG: _life_text(self.life),
            DEPLOYMENT_TAG: self.deployment,
            ITEMS_TAG: items,
            f"{TAG_PREFIX}dag": self.dag_id,
            f"{TAG_PREFIX}task": self.task_id,
            f"{TAG_PREFIX}run": self.run_id,
            f"{TAG_PREFIX}map-index": str(self.map_index) if self.map_index >= 0 else None,
            f"{TAG_PREFIX}operator": self.operator,
        }
        known = [(key, _legal_tag_value(value)) for key, value in said.items() if value is not None]
        return dict(known[: max(room, 0)])


def token_of(*identity: str | int) -> str:
    """Hash the identity of a submission into a token for a job name."""
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:_TOKEN_DIGITS]


def is_token(text: str) -> bool:
    """Return whether a text looks like a token."""
    return len(text) == _TOKEN_DIGITS and set(text) <= set("0123456789abcdef")


def submission_of_key(key: str) -> Submission:
    """Return the submission for a caller's key, equal in every run."""
    return Submission(token=token_of("key", key))


def legal_job_name(text: str) -> str:
    """Return the nearest legal job name: other characters become hyphens, the rest is cut."""
    name = _ILLEGAL_IN_NAME.sub("-", text).lstrip("-_")
    return name[: limits.JOB_NAME_LENGTH].rstrip("-") or "job"


def _life_text(life: datetime | None) -> str | None:
    return None if life is None else life.astimezone(UTC).isoformat(timespec="microseconds")


def _legal_tag_value(text: str) -> str:
    return _ILLEGAL_IN_TAG.sub("-", text)[: limits.TAG_VALUE_LENGTH]


def base_name(definition: str) -> str:
    """Return the bare name of a definition, from its name, ``name:revision`` or ARN."""
    return re.sub(r":[0-9]+\Z", "", definition).rpartition("/")[2]
