"""Calls for the cost of jobs are bounded, and a refusal leaves a cost unknown."""

from airflow_fargate_batch.aws.surroundings import SurroundingsReader
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.exceptions import Throttled
from airflow_fargate_batch.watching.costs import read_capacity, read_children

ARRAY = Job.from_api({"jobId": "id", "arrayProperties": {"size": 10_000}})


class Describing:
    """Answers DescribeJobs, and notes the ids."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, job_ids: list[str]) -> list[Job]:
        self.asked += job_ids
        return [Job(id=job_id) for job_id in job_ids]


def test_a_thousand_children_at_most() -> None:
    assert len(read_children(ARRAY, Describing())) == 1000


def test_fewer_calls_read_fewer_children_spread_over_the_array() -> None:
    describing = Describing()
    read_children(ARRAY, describing, calls=2)
    indexes = [int(job_id.removeprefix("id:")) for job_id in describing.asked]
    assert len(set(indexes)) == 200
    assert (indexes[0], indexes[-1]) == (0, 9950)


def test_no_calls_left_read_no_children() -> None:
    describing = Describing()
    assert read_children(ARRAY, describing, calls=0) == []
    assert describing.asked == []


def test_a_job_that_is_no_array_needs_no_call() -> None:
    describing = Describing()
    assert read_children(Job(id="id"), describing) == []
    assert describing.asked == []


def test_a_refusal_is_no_children() -> None:
    def refuse(_: list[str]) -> list[Job]:
        raise Throttled("too many calls")

    assert read_children(ARRAY, refuse) == []


def test_without_a_queue_nobody_is_asked() -> None:
    reader = SurroundingsReader.__new__(SurroundingsReader)  # would fail at any use
    assert read_capacity(reader, None) is Capacity.UNKNOWN
