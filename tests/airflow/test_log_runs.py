"""Jobs' logs in the logs of real tasks, whose triggerer is killed meanwhile."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.harness import RealAirflow, Run
from tests.patience import PATIENCE

DAGS = Path(__file__).with_name("dags_logs") / "streaming.py"
LINES = {f"line {number}" for number in range(1, 71)}
LINE = re.compile(r"(line \d+) of (\d+)")
KEEPING = ("plain", "mapped[0]", "child")
MASKED = {"AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES": "iban"}
SLACK = 1.0
"""Seconds from the moment a line says it was written to the one that LocalBatch says, at most."""


@dataclass(kw_only=True)
class Story:
    """What happened.

    Attributes:
        kept: For each task the time up to which its log counted as read when the triggerer died.
    """

    airflow: RealAirflow
    run: Run
    states: dict[str, str]
    kept: dict[str, float]

    def lines(self, task: str) -> Counter[tuple[str, str]]:
        return Counter(LINE.findall(self.airflow.log(self.run, task)))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Kill the triggerer when it has kept its place twice, and start another."""
    with (
        LocalBatch(run_commands=True) as aws,
        RealAirflow(home=tmp_path_factory.mktemp("logs"), environment=MASKED) as airflow,
    ):
        airflow.add_connection(
            "aws_logs",
            login=aws.environ["AWS_ACCESS_KEY_ID"],
            password=aws.environ["AWS_SECRET_ACCESS_KEY"],
            extra={"region_name": aws.region, "endpoint_url": aws.url},
        )
        airflow.add_dags(DAGS)
        run = airflow.trigger("streaming")
        kept = until_kept(airflow, run, after=until_kept(airflow, run, after={}))
        airflow.kill("triggerer")
        airflow.restart("triggerer")
        states = airflow.wait(run)
        yield Story(airflow=airflow, run=run, states=states, kept=kept)


def until_kept(airflow: RealAirflow, run: Run, *, after: dict[str, float]) -> dict[str, float]:
    """Wait until each task's place in the log is behind the one given, and return it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        positions = {task: airflow.xcom(run, task, "log_position") or {} for task in KEEPING}
        kept = {task: at / 1000 for task, each in positions.items() for at, _ in each.values()}
        if kept.keys() == set(KEEPING) and all(kept[task] > after.get(task, 0) for task in kept):
            return kept
        assert time.monotonic() < deadline, positions
        time.sleep(0.5)


def test_all_tasks_succeed(story: Story) -> None:
    assert set(story.states.values()) == {"success"}


@pytest.mark.parametrize("task", [*KEEPING, "keepsnone"])
def test_no_line_is_lost_with_a_triggerer_that_is_killed(story: Story, task: str) -> None:
    assert {line for line, _ in story.lines(task)} == LINES


@pytest.mark.parametrize("task", KEEPING)
def test_the_next_triggerer_goes_on_where_the_killed_one_had_read(story: Story, task: str) -> None:
    before = {
        line: count
        for (line, at), count in story.lines(task).items()
        if int(at) + 1 + SLACK < story.kept[task]
    }
    assert len(before) > 10
    assert set(before.values()) == {1}


def test_a_task_that_may_push_nothing_keeps_no_place(story: Story) -> None:
    assert story.airflow.xcom(story.run, "keepsnone", "log_position") is None
    assert max(story.lines("keepsnone").values()) == 2


def test_the_log_has_a_link_where_it_is_known(story: Story) -> None:
    [stream] = story.airflow.xcom(story.run, "plain", "job")["log_streams"]
    assert (log_page(story, "plain") or "").endswith(f"/log-events/{stream.replace('/', '$252F')}")
    assert not log_page(story, "child")
    assert not log_page(story, "keepsnone")


@pytest.mark.parametrize(("task", "attempts"), [("plain", 1), ("child", 3)])
def test_the_cost_of_a_deferred_job_is_pushed_and_logged(
    story: Story, task: str, attempts: int
) -> None:
    cost = story.airflow.xcom(story.run, task, "job")["cost"]
    assert (cost["capacity"], cost["attempts"], cost["currency"]) == ("FARGATE", attempts, "USD")
    assert cost["low"] == cost["high"] > 0  # not on Spot, as the triggerer has asked
    assert cost["billed_seconds"] >= 60 * attempts
    assert "Cost: at least 0.00" in story.airflow.log(story.run, task)


def log_page(story: Story, task: str) -> str | None:
    answer = story.airflow._api("GET", f"{story.airflow._path(story.run, task)}/links")
    pages: dict[str, str | None] = answer.get("extra_links", answer)
    return pages["AWS Batch job log"]


def test_what_airflow_is_told_to_mask_is_struck_out_of_what_a_container_writes(
    story: Story,
) -> None:
    log = story.airflow.log(story.run, "telling")
    assert "of Berlin: ***." in log
    assert "DE-1234-5678" not in log


@pytest.mark.parametrize("task", KEEPING)
def test_no_task_asks_for_what_it_has_not_pushed(story: Story, task: str) -> None:
    assert "No XCom value found" not in story.airflow.log(story.run, task)
