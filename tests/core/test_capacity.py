"""Capacity of a job queue."""

import pytest

from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.surroundings import ComputeEnvironment, JobQueue, Surroundings


@pytest.mark.parametrize(
    ("kinds", "capacity"),
    [
        (["FARGATE"], Capacity.ON_DEMAND),
        (["FARGATE", "FARGATE"], Capacity.ON_DEMAND),
        (["FARGATE_SPOT"], Capacity.SPOT),
        (["FARGATE", "FARGATE_SPOT"], Capacity.MIXED),
        (["EC2"], Capacity.UNKNOWN),
        (["FARGATE", "EC2"], Capacity.UNKNOWN),
        ([None], Capacity.UNKNOWN),
        ([], Capacity.UNKNOWN),
    ],
)
def test_compute_environments_decide_the_capacity(
    kinds: list[str | None], capacity: Capacity
) -> None:
    environments = tuple(
        ComputeEnvironment(arn=str(place), name="", resource_type=kind)
        for place, kind in enumerate(kinds)
    )
    queue = JobQueue(arn="", name="", environments=tuple(each.arn for each in environments))
    assert Capacity.of(Surroundings(queue=queue, environments=environments)) is capacity


def test_a_compute_environment_that_could_not_be_read_leaves_the_capacity_unknown() -> None:
    queue = JobQueue(arn="", name="", environments=("one", "two"))
    one = ComputeEnvironment(arn="one", name="", resource_type="FARGATE")
    assert Capacity.of(Surroundings(queue=queue, environments=(one,))) is Capacity.UNKNOWN
    assert Capacity.of(Surroundings()) is Capacity.UNKNOWN
