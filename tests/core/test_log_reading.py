"""Each line of a job's log is read once, in order, up to the very last."""

import json
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_fargate_batch.core.call_rate import CallRate
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_reading import (
    BAD_TOKEN,
    EMPTY_PAGES,
    FASTEST,
    GIVE_UP,
    MISSING,
    QUIET,
    SLOWEST,
    LogReader,
    read_position,
    read_rate,
)
from airflow_fargate_batch.core.log_streams import chosen_child, nothing_to_read, sources
from airflow_fargate_batch.exceptions import AccessDenied, AnswerLost, Throttled
from tests.cloudwatch import World, job, refusal

INTERVAL = 30.0
CHOOSES = (
    "`awslogs_index` (0 to 2) selects the child to stream; "
    "in a shell, use 'fargate-batch logs job:INDEX'"
)


def reader(position: object = None) -> LogReader:
    places = json.loads(json.dumps(position))
    return LogReader(interval=INTERVAL, chance=lambda: 0.5, position=places)


# ── nothing lost, nothing twice ──────────────────────────────────────────────────────────────

faults = st.sampled_from([None, Throttled("slow down"), AnswerLost("cut"), refusal(BAD_TOKEN)])


@settings(deadline=None)
@given(
    moments=st.lists(st.integers(0, 100), max_size=30).map(sorted),
    lag=st.floats(0, QUIET - 1.5),
    page=st.integers(1, 5),
    empty=st.integers(0, EMPTY_PAGES - 1),
    errors=st.lists(faults, max_size=15),
    restarts=st.lists(st.floats(1, 110), max_size=3).map(sorted),
)
@example(  # empty pages before and after a token that AWS does not know
    moments=[93],
    lag=8.0,
    page=1,
    empty=6,
    errors=[None, None, None, None, None, refusal(BAD_TOKEN)],
    restarts=[],
)
def test_every_line_is_read_once_and_in_order_whatever_happens(
    moments: list[int],
    lag: float,
    page: int,
    empty: int,
    errors: list[Exception | None],
    restarts: list[float],
) -> None:
    world = World(page=page, empty=empty)
    for error in errors:
        world.cloud.errors.extend([error, None])
    written = [f"{number}" for number, _ in enumerate(moments)]
    world.at(0, lambda: world.cloud.write("one"))
    for text, moment in zip(written, moments, strict=True):
        world.writes(moment + lag, "one", text, at=moment // 10)  # several share a timestamp
    world.becomes(100, job("SUCCEEDED", "one", ended=("one",)))
    read: list[str] = []
    following = reader()
    for restart in restarts:
        read += world.read(following, until=restart)
        following = reader(following.position)
    read += world.read(following)
    assert read == written


def test_lines_that_show_up_after_the_end_are_read() -> None:
    world = World()
    world.writes(10, "one", "early")
    world.becomes(50, job("FAILED", "one", ended=("one",)))
    world.writes(55, "one", "late")
    world.writes(62, "one", "later still")
    assert world.read(reader()) == ["early", "late", "later still"]


def test_the_log_is_complete_when_it_was_quiet_for_a_while_after_the_end() -> None:
    world = World()
    world.writes(10, "one", "line")
    world.becomes(50, job("SUCCEEDED", "one", ended=("one",)))
    world.read(reader())
    assert 50 + QUIET <= world.now < 50 + QUIET + 2
    while_it_ran, after_the_end = 3, 2
    assert len(world.cloud.calls) == while_it_ran + after_the_end


def test_a_job_that_never_ran_has_nothing_to_wait_for() -> None:
    world = World()
    world.job = job("FAILED")
    assert world.read(reader()) == []
    assert (world.now, world.cloud.calls) == (0, [])


def test_the_next_request_is_due_when_a_stream_is_known() -> None:
    reading = reader()
    assert reading.due_at() is None
    reading.observe(job("RUNNING", "one"), 5.0)
    due = reading.due_at()
    assert due is not None
    assert reading.next_request(due - 0.1) is None
    assert reading.next_request(due) is not None


def test_a_quiet_container_costs_one_call_an_interval() -> None:
    world = World()
    world.writes(0, "one", "line")
    world.read(reader(), until=10 * INTERVAL)
    first_look = 2
    assert len(world.cloud.calls) == first_look + 9


def test_a_late_line_with_an_earlier_time_is_a_line_too() -> None:
    world = World()
    world.writes(0, "one", "nine", at=9)
    world.writes(10, "one", "five", at=5)
    following = reader()
    assert world.read(following, until=40) == ["nine", "five"]
    assert following.position == {"one": [9, 1]}


def test_a_place_is_kept_as_json_also_before_the_streams_are_known_again() -> None:
    world = World()
    world.writes(0, "one", "a", "b", at=7)
    first = reader()
    world.read(first, until=1)
    assert first.position == {"one": [7, 2]}
    assert reader(first.position).position == first.position


def test_whoever_goes_on_asks_from_the_same_time_with_each_token() -> None:
    world = World(page=2)
    world.cloud.write("one", "old", at=6)
    world.cloud.write("one", *"abcde", at=7)
    assert world.read(reader({"one": [7, 1]}), until=5) == list("bcde")
    assert [call.start_time for call in world.cloud.calls] == [7] * len(world.cloud.calls)


def test_a_place_in_the_log_of_another_job_does_no_harm() -> None:
    world = World()
    world.writes(0, "one", "a", "b", at=7)
    assert world.read(reader({"another": [9, 5]}), until=5) == ["a", "b"]


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        ({"one": [7, 2]}, {"one": [7, 2]}),
        ({"one": (7, 2)}, {"one": [7, 2]}),
        ({"one": [7], "two": ["7", 2], "three": [-7, 2], "four": 7, 5: [7, 2]}, {}),
        (None, {}),
        ("{}", {}),
    ],
    ids=["JSON", "tuples", "odd entries", "nothing", "text"],
)
def test_of_what_was_kept_only_places_are_read(kept: object, read: object) -> None:
    assert read_position(kept) == read


def test_tokens_that_change_for_ever_do_not_keep_the_reader_busy() -> None:
    world = World(empty=10**6)
    world.writes(0, "one", "expired")
    world.read(reader(), until=INTERVAL)
    assert len(world.cloud.calls) == EMPTY_PAGES
    world.becomes(world.now, job("SUCCEEDED", "one", ended=("one",)))
    world.read(reader(), until=1000)
    assert world.now < INTERVAL + QUIET + 5


# ── attempts and containers ──────────────────────────────────────────────────────────────────


def test_attempts_are_labelled_once_there_are_several() -> None:
    world = World()
    world.writes(5, "one", "1")
    world.becomes(40, job("RUNNABLE", "one", ended=("one",)))
    world.becomes(70, job("RUNNING", "two", ended=("one",)))
    world.writes(75, "two", "2")
    world.becomes(99, job("SUCCEEDED", "two", ended=("one", "two")))
    assert world.read(reader()) == ["1", "[attempt 2] 2"]


def test_an_attempt_is_not_read_before_all_of_the_one_before() -> None:
    world = World(page=1)
    world.cloud.write("one", "1a", "1b")
    world.cloud.write("two", "2a")
    world.job = job("RUNNING", "two", ended=("one",))
    world.cloud.errors.extend([None, Throttled("slow down")])
    lines = world.read(reader(), until=20)
    assert lines == ["[attempt 1] 1a", "[attempt 1] 1b", "[attempt 2] 2a"]


def test_an_attempt_waits_for_a_stream_of_the_one_before_that_is_not_there_yet() -> None:
    world = World()
    world.cloud.write("two", "2")
    world.writes(5, "one", "1")
    world.job = job("RUNNING", "two", ended=("one",))
    assert world.read(reader(), until=20) == ["[attempt 1] 1", "[attempt 2] 2"]


def test_containers_of_one_job_are_told_apart_and_read_where_they_log() -> None:
    def container(name: str, **log: object) -> dict[str, object]:
        return {"name": name, "logStreamName": f"stream-{name}", "logConfiguration": log}

    containers = [
        container("web", logDriver="awslogs"),
        container("side", logDriver="awslogs", options={"awslogs-group": "mine"}),
        container("router", logDriver="splunk"),
    ]
    properties = {"taskProperties": [{"containers": containers}]}
    world = World()
    world.job = job("RUNNING", ecsProperties=properties)
    world.cloud.write("stream-web", "w")
    world.cloud.write("stream-side", "s")
    assert world.read(reader(), until=5) == ["[web] w", "[side] s"]
    groups = [(request.stream, request.group) for request in world.cloud.calls]
    assert set(groups) == {("stream-web", "/aws/batch/job"), ("stream-side", "mine")}


def test_an_attempt_that_has_ended_keeps_its_number() -> None:
    running = sources(job("RUNNING", "two", ended=("one",)))
    ended = sources(job("FAILED", "two", ended=("one", "two")))
    assert [(s.stream, s.attempt, s.ended) for s in running] == [
        ("one", 1, True),
        ("two", 2, False),
    ]
    assert [(s.stream, s.attempt, s.ended) for s in ended] == [("one", 1, True), ("two", 2, True)]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        pytest.param({}, None, id="CloudWatch by default"),
        pytest.param(
            {"container": {"logConfiguration": {"logDriver": "splunk"}}},
            "Job job does not log to CloudWatch: no log to stream",
            id="another driver",
        ),
        pytest.param(
            {"arrayProperties": {"size": 3}},
            f"Array job job has no log of its own: {CHOOSES}",
            id="an array",
        ),
        pytest.param({"arrayProperties": {"index": 3}}, None, id="a child"),
    ],
)
def test_a_job_without_a_log_says_why(members: dict[str, object], said: str | None) -> None:
    assert nothing_to_read(Job.from_api({"jobId": "job", "status": "RUNNING"} | members)) == said


@pytest.mark.parametrize(
    ("members", "index", "child", "said"),
    [
        ({"size": 3}, 2, "job:2", None),
        ({"size": 3}, 3, None, f"Array job job has no child 3: {CHOOSES}"),
        ({"size": 3}, None, None, f"Array job job has no log of its own: {CHOOSES}"),
        ({"index": 2}, 2, None, None),
        ({}, 2, None, None),
    ],
    ids=["the last", "none", "not chosen", "a child itself", "a plain job"],
)
def test_a_child_that_was_chosen_stands_for_its_array(
    members: dict[str, int], index: int | None, child: str | None, said: str | None
) -> None:
    parent = Job.from_api({"jobId": "job", "status": "RUNNING", "arrayProperties": members})
    assert chosen_child(parent, index) == child
    assert nothing_to_read(parent, index) == said


@pytest.mark.parametrize(
    ("index", "child", "said"),
    [
        (7, "job:1", None),
        (
            1,
            None,
            "Array job job reruns only failed children, and child 1 did not fail: no log to stream",
        ),
        (None, None, f"Array job job has no log of its own: {CHOOSES.replace('0 to 2', '0 to 1')}"),
    ],
    ids=["again", "not again", "not chosen"],
)
def test_the_chosen_child_of_a_rerun_is_that_of_the_first_array(
    index: int | None, child: str | None, said: str | None
) -> None:
    members = {"jobId": "job", "status": "RUNNING", "arrayProperties": {"size": 2}}
    rerun = replace(Job.from_api(members), indexes=(4, 7))
    assert chosen_child(rerun, index) == child
    assert nothing_to_read(rerun, index) == said


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────


def test_a_stream_that_is_not_there_yet_is_waited_for() -> None:
    world = World()
    world.writes(40, "one", "line")
    assert world.read(reader(), until=70) == ["line"]
    assert world.warnings == []


def test_a_stream_that_never_came_is_one_warning_after_the_end() -> None:
    world = World()
    world.becomes(40, job("FAILED", "one", ended=("one",)))
    assert world.read(reader()) == []
    assert world.now < 40 + QUIET + 2
    [warning] = world.warnings
    assert "one does not exist in /aws/batch/job" in warning


def test_a_missing_permission_is_one_warning_and_the_end() -> None:
    world = World()
    world.cloud.errors.append(AccessDenied("refused", "logs:GetLogEvents"))
    assert world.read(reader()) == []
    assert len(world.cloud.calls) == 1
    [warning] = world.warnings
    assert "Grant the IAM action logs:GetLogEvents" in warning


def test_passing_faults_are_silent() -> None:
    world = World()
    world.writes(0, "one", "line")
    world.cloud.errors.extend([AnswerLost("cut")] * 2 + [None] + [AnswerLost("cut")] * 2)
    world.cloud.errors.extend([None] + [Throttled("slow down")] * 5)
    assert world.read(reader(), until=200) == ["line"]
    assert world.warnings == []


def test_calls_that_fail_again_and_again_are_told_once_and_given_up_after_the_end() -> None:
    world = World()
    world.cloud.errors.extend([AnswerLost("cut")] * 1000)
    world.becomes(200, job("SUCCEEDED", "one", ended=("one",)))
    assert world.read(reader()) == []
    assert 200 + GIVE_UP <= world.now < 200 + GIVE_UP + 65
    trying, unread = world.warnings
    assert ("will retry" in trying, "Gave up" in unread) == (True, True)
    assert len(world.cloud.calls) < 20


def test_an_expired_token_is_replaced_by_the_time_of_the_last_line() -> None:
    world = World()
    world.writes(0, "one", "a", "b", at=7)
    world.writes(35, "one", "c", at=7)
    world.cloud.errors.extend([None, None, refusal(BAD_TOKEN)])
    assert world.read(reader(), until=90) == ["a", "b", "c"]
    assert [(call.next_token, call.start_time) for call in world.cloud.calls[2:4]] == [
        ("2/0", None),
        (None, 7),
    ]


def test_tokens_that_are_always_refused_do_not_keep_the_reader_for_ever() -> None:
    world = World()
    world.cloud.write("one", "line")
    world.job = job("SUCCEEDED", "one", ended=("one",))
    world.cloud.errors.extend([None, refusal(BAD_TOKEN)] * 1000)
    assert world.read(reader()) == ["line"]
    assert world.now < GIVE_UP + 5


def test_lines_that_have_expired_are_not_skipped_among_later_ones() -> None:
    world = World()
    world.cloud.write("one", "old", at=7)
    world.cloud.write("one", "a", "b", at=8)
    assert world.read(reader({"one": (7, 5)}), until=5) == ["a", "b"]


def test_a_stream_that_is_deleted_ends_the_reading() -> None:
    world = World()
    world.cloud.write("one", "line")
    world.job = job("SUCCEEDED", "one", ended=("one",))
    world.cloud.errors.extend([None, *[refusal(MISSING)] * 9])
    assert world.read(reader(), until=1000) == ["line"]
    assert world.now < 2 * QUIET


# ── the pace of many ─────────────────────────────────────────────────────────────────────────


def test_calls_are_spread_and_a_throttle_halves_their_rate() -> None:
    pace = CallRate(fastest=10, slowest=1, gain=1)
    assert pace.delay(100) == 0
    pace.called(100)
    assert pace.delay(100) == pytest.approx(0.1)
    pace.throttled(100)
    assert pace.value == 5
    assert pace.delay(100) == pytest.approx(0.2)


def test_the_rate_stays_within_bounds_and_recovers() -> None:
    pace = read_rate()
    for _ in range(100):
        pace.throttled(0)
    assert pace.value == SLOWEST
    for _ in range(1000):
        pace.accepted()
    assert pace.value == FASTEST
