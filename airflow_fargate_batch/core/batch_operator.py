"""Arguments of BatchOperator and BatchSensor without a counterpart of the same name here.

The operator refuses the arguments by this table, and ``fargate-batch migrate`` rewrites them by it.

Source: ``BatchOperator.__init__`` in the Amazon provider 9.39.0; older versions
call ``container_overrides`` ``overrides``. A test reads the arguments of the installed version.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from airflow_fargate_batch.core.spelling import nearest


class Other(NamedTuple):
    """An argument of BatchOperator or BatchSensor.

    Attributes:
        advice: Replacement, as an imperative.
        argument: Replacing argument; ``None`` means none.
        changes_job: Whether leaving out the argument changes the job.
        member: Member of the value that the replacing argument takes; ``None`` means the value.
        on_fargate: Whether Fargate runs jobs with the argument.
    """

    advice: str
    argument: str | None = None
    changes_job: bool = True
    member: str | None = None
    on_fargate: bool = True


OTHERS: Final[Mapping[str, Other]] = {
    "array_properties": Other(
        "use `array_size`, the number of children", "array_size", member="size"
    ),
    "overrides": Other(
        "use `container_overrides`, or `command`, `environment`, `vcpu` and `memory`",
        "container_overrides",
    ),
    "scheduling_priority_override": Other("use `scheduling_priority`", "scheduling_priority"),
    "submit_job_timeout": Other("use `job_timeout`", "job_timeout"),
    "eks_properties_override": Other("use BatchOperator for jobs on Amazon EKS", on_fargate=False),
    "node_overrides": Other(
        "use BatchOperator for multi-node jobs, which run on EC2 only", on_fargate=False
    ),
    "job_id": Other(
        "remove job_id; FargateBatchJobSensor waits for an existing job", changes_job=False
    ),
    "waiters": Other("use `poll_interval` and `wait_timeout`", changes_job=False),
    "max_retries": Other("use `wait_timeout`", changes_job=False),
    "status_retries": Other(
        "remove status_retries; calls that may succeed later are retried", changes_job=False
    ),
}

OF_SENSOR: Final[Mapping[str, Other]] = {
    "job_id": Other("use `job_ids`", "job_ids"),
    "max_retries": Other("use `timeout`, in seconds", changes_job=False),
}
"""Source: ``BatchSensor.__init__`` in the Amazon provider 9.39.0."""

OPERATORS: Final = (
    "airflow.providers.amazon.aws.operators.batch.BatchOperator",
    "airflow.providers.amazon.aws.operators.batch.AwsBatchOperator",
    "airflow.contrib.operators.awsbatch_operator.AWSBatchOperator",
)
"""BatchOperator's names. The second is of the Amazon provider before 6, the third of Airflow 1."""

SENSORS: Final = ("airflow.providers.amazon.aws.sensors.batch.BatchSensor",)


def refusal(unknown: Iterable[str], *known: Collection[str]) -> str:
    """Write a message about unknown arguments, without their values.

    :param known: existing arguments, the likelier candidates first.
    """
    return "; ".join(_refusal(name, known) for name in sorted(unknown))


def _refusal(name: str, known: Iterable[Collection[str]]) -> str:
    if name in OTHERS:
        return f"unknown argument {name} (an argument of BatchOperator): {OTHERS[name].advice}"
    near = next((near for names in known if (near := nearest(name, names))), None)
    return f"unknown argument {name}" + (f"; did you mean {near}?" if near else "")


def lost_defaults(
    default_args: Mapping[str, object], given: Mapping[str, object]
) -> dict[str, object]:
    """Return the ``default_args`` of BatchOperator whose loss would change the job.

    Airflow silently drops ``default_args`` unknown to an operator.

    :param given: the task's own arguments; a default with a replacement among them is not lost.
    """
    return {
        name: default_args[name]
        for name in OTHERS.keys() & default_args.keys()
        if OTHERS[name].changes_job
        and default_args[name] is not None
        and given.get(OTHERS[name].argument or "") is None
    }
