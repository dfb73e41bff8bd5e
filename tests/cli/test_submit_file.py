"""``submit --from-file``: a job for each line, exactly one, however often it is called."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from airflow_fargate_batch.local import LocalBatch
from tests.cli.conftest import Outcome, Run
from tests.fakes import LocalTime

FromFile = Callable[..., Outcome]


@pytest.fixture
def from_file(submit: Run, tmp_path: Path) -> FromFile:
    """Give what submits a file of some lines, with some flags."""

    def call(lines: list[Any], *words: str, name: str = "jobs.jsonl") -> Outcome:
        file = tmp_path / name
        file.write_text("".join(f"{_written(line)}\n" for line in lines))
        return submit("--from-file", str(file), *words)

    return call


def _written(line: object) -> str:
    return line if isinstance(line, str) else json.dumps(line)


NAMED = [{"job_name": name} for name in ("one", "two", "three")]


def names(aws: LocalBatch) -> list[str]:
    return sorted(job["jobName"] for job in aws.jobs)


@pytest.mark.usefixtures("time")
def test_stdout_has_the_id_of_each_job(from_file: FromFile, aws: LocalBatch) -> None:
    outcome = from_file(NAMED)
    assert outcome.code == 0
    assert sorted(outcome.out.split()) == sorted(job["jobId"] for job in aws.jobs)
    assert names(aws) == ["one", "three", "two"]
    assert "3 of 3 requests have a job" in outcome.err


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]], ids=["submit", "dry run"])
def test_a_member_that_submit_job_does_not_have_keeps_all_from_being_submitted(
    from_file: FromFile, aws: LocalBatch, dry_run: list[str]
) -> None:
    outcome = from_file([*NAMED, {"extra_submit_args": {"quotaShareName": "x"}}], *dry_run)
    assert (outcome.code, outcome.out) == (2, "")
    assert "line 4: extra_submit_args.quotaShareName: belongs to SubmitService" in outcome.err
    assert [call.operation for call in aws.requests] == []


def test_a_member_that_an_older_botocore_does_not_know_keeps_all_from_being_submitted(
    from_file: FromFile, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(body: dict[str, Any], _: object) -> None:
        if "arrayProperties" in body:
            raise ParamValidationError(report="Unknown parameter in input")

    monkeypatch.setattr("airflow_fargate_batch.aws.batch.validate_parameters", refuse)
    outcome = from_file([*NAMED, {"array_size": 2}])
    assert (outcome.code, outcome.out) == (2, "")
    assert "request 4: extra_submit_args: botocore refuses the request: Unknown" in outcome.err
    assert [call.operation for call in aws.requests] == []


@pytest.mark.usefixtures("time")
def test_json_has_an_object_a_line(from_file: FromFile, aws: LocalBatch) -> None:
    lines = from_file(NAMED, "--output", "json").out.splitlines()
    assert {json.loads(line)["jobName"] for line in lines} == set(names(aws))


def test_flags_count_for_what_a_line_does_not_say(from_file: FromFile) -> None:
    lines: list[Any] = [
        {"vcpu": 2, "memory": "4 GB", "command": ["run", "a"]},
        "",
        {"job_name": "small", "environment": {"PART": "b"}},
    ]
    words = ("--vcpu", "1", "--memory", "2048", "--job-name-prefix", "nightly", "--dry-run")
    large, small = map(json.loads, from_file(lines, *words).out.splitlines())
    assert large["jobName"].startswith("nightly-")
    assert large["containerOverrides"]["command"] == ["run", "a"]
    assert [need["value"] for need in large["containerOverrides"]["resourceRequirements"]] == [
        "2",
        "4096",
    ]
    assert small["jobName"] == "small"
    assert [need["value"] for need in small["containerOverrides"]["resourceRequirements"]] == [
        "1",
        "2048",
    ]


class TestRunAgain:
    @pytest.mark.usefixtures("time")
    def test_nothing_is_submitted_twice(self, from_file: FromFile, aws: LocalBatch) -> None:
        first, again = from_file(NAMED), from_file(NAMED)
        assert sorted(again.out.split()) == sorted(first.out.split())
        assert again.code == 0
        assert len(aws.jobs) == 3

    def test_what_is_missing_or_has_failed_is_submitted(
        self, from_file: FromFile, aws: LocalBatch, time: LocalTime
    ) -> None:
        aws.script(name="two", exit_code=1)
        from_file(NAMED[:2])
        time.sleep(60)
        from_file(NAMED[::-1])
        assert names(aws) == ["one", "three", "two", "two"]

    @pytest.mark.usefixtures("time")
    def test_equal_lines_are_as_many_jobs(self, from_file: FromFile, aws: LocalBatch) -> None:
        for _ in range(2):
            from_file([{}, {}])
        assert len(aws.jobs) == 2

    @pytest.mark.usefixtures("time")
    def test_another_file_key_or_queue_is_another_run(
        self, from_file: FromFile, aws: LocalBatch
    ) -> None:
        aws.create_queue("Q")
        from_file([{}])
        from_file([{}], name="others.jsonl")
        from_file([{}], "--idempotency-key", "tomorrow")
        from_file([{}], "--job-queue", "Q")
        assert len(aws.jobs) == 4


@pytest.mark.usefixtures("time")
def test_what_is_tried_again_is_said_once(from_file: FromFile, aws: LocalBatch) -> None:
    aws.faults.add("throttle", operation="SubmitJob", times=3)
    outcome = from_file(NAMED)
    assert outcome.code == 0
    assert outcome.err.count("will retry") == 1


class TestMistakes:
    @pytest.mark.parametrize(
        ("line", "said"),
        [
            pytest.param(
                '{"vcpu": }', "line 2: column 10: not valid JSON: Expecting value", id="JSON"
            ),
            pytest.param(
                '{"environment": {"A": NaN}}',
                "line 2: column 23: not valid JSON: JSON has no NaN",
                id="no number of JSON's",
            ),
            pytest.param("[]", "line 2: must be a JSON object", id="list"),
            pytest.param(
                {"vcpus": 1}, "line 2: there is no argument 'vcpus'; did you mean vcpu?", id="name"
            ),
            pytest.param(
                {"array_size": 2, "awslogs_index": 1},
                "line 2: there is no argument 'awslogs_index'",
                id="what only a task that waits can use",
            ),
            pytest.param(
                {"environment": {"A": None}}, "line 2: environment.A: is None", id="value"
            ),
            pytest.param(
                {"environment": "{'A': 'b'}"},
                "line 2: environment: line 1, column 2: not valid JSON: Expecting property name "
                "enclosed in double quotes: write the JSON itself, without quotes around it",
                id="a text in place of JSON",
            ),
            pytest.param(
                {"parameters_file": "nowhere.json"},
                "line 2: parameters_file: nowhere.json: cannot be read: No such file",
                id="a file that it names",
            ),
        ],
    )
    def test_one_is_named_by_its_line_and_nothing_is_submitted(
        self, from_file: FromFile, aws: LocalBatch, line: object, said: str
    ) -> None:
        outcome = from_file([{}, line])
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.startswith(f"error: {said}")
        assert len(aws.requests) == 0

    def test_all_are_told_at_once_as_far_as_anybody_reads(self, from_file: FromFile) -> None:
        said = from_file([{"vcpu": 3}] * 30).err
        assert "30 problems" in said
        assert said.count("\n  line ") == 20
        assert "\n  and 10 more\n" in said

    def test_a_file_that_is_missing_or_empty(self, submit: Run, from_file: FromFile) -> None:
        missing = submit("--from-file", "nowhere.jsonl")
        assert missing.code == 2
        assert "--from-file: nowhere.jsonl: cannot be read: No such file" in missing.err
        empty = from_file([])
        assert empty.code == 2
        assert "is empty: there is nothing to submit" in empty.err


class TestRefusals:
    @pytest.mark.usefixtures("time")
    def test_one_does_not_hurt_the_others(self, from_file: FromFile, aws: LocalBatch) -> None:
        outcome = from_file([*NAMED, {"job_definition": "nope"}])
        assert outcome.code == 1
        assert len(outcome.out.split()) == len(aws.jobs) == 3
        assert "error: request 4, fargate-job-" in outcome.err
        assert "3 of 4 requests have a job" in outcome.err

    @pytest.mark.usefixtures("time")
    def test_what_all_will_meet_is_told_once(self, from_file: FromFile, aws: LocalBatch) -> None:
        aws.faults.add("denied", operation="SubmitJob")
        outcome = from_file(NAMED)
        assert outcome.code == 1
        assert outcome.err.count("Grant the IAM action batch:SubmitJob") == 1


@pytest.mark.usefixtures("time")
def test_it_can_wait_for_them_all(from_file: FromFile, aws: LocalBatch) -> None:
    aws.script(name="two", exit_code=1)
    assert from_file(NAMED, "--wait").code == 1
    assert {job["status"] for job in aws.jobs} == {"SUCCEEDED", "FAILED"}
    assert from_file(NAMED[:1], "--wait").code == 0


def test_another_queue_makes_another_submission(from_file: FromFile) -> None:
    def marks(*words: str) -> set[str]:
        lines = from_file(NAMED, "--dry-run", *words).out.splitlines()
        return {tag for line in lines for tag in json.loads(line)["tags"].values()}

    assert marks() == marks()
    assert marks().isdisjoint(marks("--job-queue", "other"))
