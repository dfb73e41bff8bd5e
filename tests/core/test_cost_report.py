"""Costs of many jobs, by DAG, task, share or job definition."""

from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.cost import Cost
from airflow_fargate_batch.core.cost_report import grouped, total
from airflow_fargate_batch.core.job import Job

ARN = "arn:aws:batch:us-east-1:123456789012:job-definition"


def job(dag: str | None = None, **members: Any) -> Job:
    tags = {"airflow-fargate-batch:dag": dag, "airflow-fargate-batch:task": "load"} if dag else {}
    return Job.from_api({"jobId": "id", "tags": tags, **members})


def cost(high: str | None, *, seconds: int = 60, children: tuple[int, int] | None = None) -> Cost:
    amount = None if high is None else Decimal(high)
    return Cost(
        high=amount,
        low=None if amount is None else amount / 2,
        currency="USD",
        billed_seconds=seconds,
        attempts=1,
        capacity=Capacity.SPOT,
        children=children,
    )


def test_the_most_expensive_group_comes_first() -> None:
    costs = [(job("a"), cost("1")), (job("b"), cost("3")), (job("a"), cost("1.5"))]
    first, second = grouped(costs, "dag")
    assert (first.name, first.jobs, first.high, first.low) == ("b", 1, Decimal(3), Decimal("1.5"))
    assert (second.name, second.jobs, second.high) == ("a", 2, Decimal("2.5"))


@pytest.mark.parametrize(
    ("by", "name"),
    [("dag", "etl"), ("task", "etl.load"), ("share", "team"), ("definition", "report")],
)
def test_a_job_belongs_to_its_dag_task_share_or_definition(by: str, name: str) -> None:
    one = job("etl", shareIdentifier="team", jobDefinition=f"{ARN}/report:7")
    assert [group.name for group in grouped([(one, cost("1"))], by)] == [name]


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ("dag", "(submitted outside Airflow)"),
        ("task", "(submitted outside Airflow)"),
        ("share", "(no share)"),
        ("definition", "(unknown)"),
    ],
)
def test_a_job_without_the_mark_has_a_group_too(by: str, name: str) -> None:
    assert [group.name for group in grouped([(job(), cost("1"))], by)] == [name]


def test_jobs_without_a_price_are_counted_and_add_no_money() -> None:
    costs = [(job("a"), cost(None, seconds=100)), (job("a"), cost("1")), (job("b"), cost(None))]
    groups = grouped(costs, "dag")
    assert [(each.name, each.without_price) for each in groups] == [("a", 1), ("b", 1)]
    whole = total(groups)
    assert (whole.jobs, whole.billed_seconds, whole.high) == (3, 220, Decimal(1))
    assert whole.without_price == 2


def test_json_has_rounded_amounts_and_estimated_arrays() -> None:
    costs = [(job("a"), cost("0.0000015", children=(1000, 10_000)))]
    [group] = grouped(costs, "dag")
    assert group.to_json() == {
        "name": "a",
        "jobs": 1,
        "billedSeconds": 60,
        "low": 0.000001,
        "high": 0.000002,
        "jobsWithoutPrice": 0,
        "estimatedArrays": 1,
    }
