"""A dry run shows the request that would be sent, and nothing else happens."""

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from airflow_fargate_batch.cli import _console
from tests.cli.conftest import Run

SUBMIT_JOB: Any = (
    botocore.session.get_session()
    .get_service_model("batch")
    .operation_model("SubmitJob")
    .input_shape
)
QUEUE = "awa-batch-dev-fargate-high-priority"
DEFINITION = "awa-batch-dev-fargate-sample"


@pytest.fixture
def body_of(submit: Run) -> Any:
    """Give what dry-runs a submit and returns the body, which AWS's own client must accept."""

    def call(*words: str) -> dict[str, Any]:
        outcome = submit(*words, "--dry-run")
        assert outcome.code == 0, outcome.err
        body: dict[str, Any] = json.loads(outcome.out)
        report = ParamValidator().validate(body, SUBMIT_JOB)
        assert not report.has_errors(), report.generate_report()
        return body

    return call


OVERRIDES = "containerOverrides"
LICENCES = {
    "consumableResourcePropertiesOverride": {
        "consumableResourceList": [{"consumableResource": "licence", "quantity": 1}]
    }
}
RETRIES = '{"attempts": 3, "evaluateOnExit": [{"onReason": "*", "action": "EXIT"}]}'
LEAST = {"jobName", "jobQueue", "jobDefinition", "tags"}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        pytest.param([], {"jobQueue": QUEUE, "jobDefinition": DEFINITION}, id="defaults alone"),
        pytest.param(
            ["--job-queue", "Q", "--job-definition", "D:3"],
            {"jobQueue": "Q", "jobDefinition": "D:3"},
            id="queue and definition",
        ),
        pytest.param(
            ["--vcpu", "1", "--memory", "2048"],
            {
                OVERRIDES: {
                    "resourceRequirements": [
                        {"type": "VCPU", "value": "1"},
                        {"type": "MEMORY", "value": "2048"},
                    ]
                }
            },
            id="size",
        ),
        pytest.param(
            ["--vcpu", "1", "--memory", "2.5 GB", "--size-policy", "round_up"],
            {
                OVERRIDES: {
                    "resourceRequirements": [
                        {"type": "VCPU", "value": "1"},
                        {"type": "MEMORY", "value": "3072"},
                    ]
                }
            },
            id="size rounded up",
        ),
        pytest.param(
            [
                "--command",
                '["echo", "Hello World"]',
                "--environment",
                '{"ENV1":"value1", "ENV2":"value2"}',
            ],
            {
                OVERRIDES: {
                    "command": ["echo", "Hello World"],
                    "environment": [
                        {"name": "ENV1", "value": "value1"},
                        {"name": "ENV2", "value": "value2"},
                    ],
                }
            },
            id="command and environment",
        ),
        pytest.param(
            ["--share-identifier", "A1", "--scheduling-priority", "10"],
            {"shareIdentifier": "A1", "schedulingPriorityOverride": 10},
            id="fair share",
        ),
        pytest.param(["--array-size", "10"], {"arrayProperties": {"size": 10}}, id="array"),
        pytest.param(
            ["--depends-on", "job-1234567890abcdef0,job-0fedcba0987654321"],
            {
                "dependsOn": [
                    {"jobId": "job-1234567890abcdef0"},
                    {"jobId": "job-0fedcba0987654321"},
                ]
            },
            id="dependencies",
        ),
        pytest.param(
            ["--array-size", "2", "--depends-on", "jobId=abc,type=N_TO_N jobId=def"],
            {"dependsOn": [{"jobId": "abc", "type": "N_TO_N"}, {"jobId": "def"}]},
            id="dependencies in AWS's shorthand",
        ),
        pytest.param(
            ["--retry-attempts", "3", "--job-timeout", "600"],
            {"retryStrategy": {"attempts": 3}, "timeout": {"attemptDurationSeconds": 600}},
            id="retries and timeout",
        ),
        pytest.param(["--propagate-tags"], {"propagateTags": True}, id="tags propagated"),
        pytest.param(["--no-propagate-tags"], {"propagateTags": False}, id="tags not propagated"),
        pytest.param(["--job-name", "nightly"], {"jobName": "nightly"}, id="name"),
        pytest.param(
            ["--parameters", '{"day": "2026-01-31"}'],
            {"parameters": {"day": "2026-01-31"}},
            id="parameters",
        ),
        pytest.param(
            ["--retry-strategy", RETRIES],
            {"retryStrategy": json.loads(RETRIES)},
            id="retry strategy",
        ),
        pytest.param(
            ["--extra-submit-args", json.dumps(LICENCES)],
            LICENCES,
            id="other members",
            marks=pytest.mark.new_boto3,
        ),
    ],
)
def test_each_flag_becomes_its_member_of_submit_job(
    body_of: Any, words: list[str], part: dict[str, Any]
) -> None:
    assert body_of(*words).items() >= part.items()


def test_spot_retries_are_attempts_that_only_a_reclaim_uses(body_of: Any) -> None:
    strategy = body_of("--spot-retries", "2")["retryStrategy"]
    assert strategy["attempts"] == 3
    assert strategy["evaluateOnExit"][-1] == {"onReason": "*", "action": "EXIT"}


@pytest.mark.parametrize("other", [["--retry-strategy", RETRIES], ["--spot-retries", "2"]])
def test_two_ways_to_say_what_is_retried_are_bad_usage(submit: Run, other: list[str]) -> None:
    outcome = submit("--retry-attempts", "2", *other, "--dry-run")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"error: --retry-attempts and {other[0]} ") or (
        "--spot-retries: is set together with --retry-" in outcome.err
    )


def test_what_is_not_said_is_left_to_the_job_definition(body_of: Any) -> None:
    assert set(body_of()) == LEAST


def test_tags_stand_beside_the_submissions_own(body_of: Any) -> None:
    body = body_of("--tags", '{"team": "data"}')
    mark = body["jobName"].removeprefix("fargate-job-")
    assert body["tags"] == {"team": "data", "airflow-fargate-batch:submission": mark}


def test_two_calls_make_two_names_that_start_with_the_prefix(body_of: Any) -> None:
    names = {body_of("--job-name-prefix", "report")["jobName"] for _ in range(2)}
    assert len(names) == 2
    assert all(re.fullmatch(r"report-[0-9a-f]{16}-0", name) for name in names)


def test_the_platform_version_is_checked_and_not_sent(submit: Run, body_of: Any) -> None:
    assert "1.4.0" not in json.dumps(body_of("--platform-version", "1.4.0"))
    outcome = submit("--vcpu", "8", "--memory", "16384", "--platform-version", "1.3.0", "--dry-run")
    assert outcome.code == 2
    assert "--platform-version: 1.3.0 does not support 8 vCPU" in outcome.err


class TestPrecedence:
    VARIABLES = (
        ("AWS_BATCH_JOB_QUEUE", "--job-queue", "jobQueue", QUEUE),
        ("AWS_BATCH_JOB_DEFINITION", "--job-definition", "jobDefinition", DEFINITION),
        ("AWS_BATCH_SHARE_IDENTIFIER", "--share-identifier", "shareIdentifier", None),
    )

    @pytest.mark.parametrize(("variable", "flag", "member", "default"), VARIABLES)
    def test_a_flag_beats_a_variable_beats_a_default(
        self,
        body_of: Any,
        monkeypatch: pytest.MonkeyPatch,
        variable: str,
        flag: str,
        member: str,
        default: str | None,
    ) -> None:
        assert body_of().get(member) == default
        monkeypatch.setenv(variable, "fromvariable")
        assert body_of()[member] == "fromvariable"
        assert body_of(flag, "fromflag")[member] == "fromflag"

    @pytest.mark.parametrize(("variable", "flag", "member", "default"), VARIABLES)
    def test_an_empty_variable_counts_as_not_set(
        self,
        body_of: Any,
        monkeypatch: pytest.MonkeyPatch,
        variable: str,
        flag: str,  # noqa: ARG002 - the table's
        member: str,
        default: str | None,
    ) -> None:
        for empty in ("", " "):
            monkeypatch.setenv(variable, empty)
            body = body_of()
            assert body.get(member) == default
            assert set(body) == LEAST

    def test_the_prefix_has_a_variable(self, body_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_BATCH_JOB_NAME_PREFIX", "nightly")
        assert body_of()["jobName"].startswith("nightly-")

    def test_an_empty_flag_is_a_mistake_and_not_the_default(self, submit: Run) -> None:
        outcome = submit("--job-queue", "", "--dry-run")
        assert (outcome.code, outcome.out) == (2, "")
        assert "--job-queue: is empty" in outcome.err


@pytest.mark.parametrize(
    ("share", "variable", "flag", "sent"),
    [
        pytest.param("A1", None, None, 0, id="share alone: the older default"),
        pytest.param("A1", "7", None, 7, id="share and variable"),
        pytest.param("A1", "7", "9", 9, id="share, variable and flag"),
        pytest.param("A1", None, "0", 0, id="share and a flag of 0"),
        pytest.param(None, None, None, None, id="no share: nothing"),
        pytest.param(None, None, "0", 0, id="no share, but a flag"),
    ],
)
def test_scheduling_priority(
    body_of: Any,
    monkeypatch: pytest.MonkeyPatch,
    share: str | None,
    variable: str | None,
    flag: str | None,
    sent: int | None,
) -> None:
    if variable:
        monkeypatch.setenv("AWS_BATCH_SCHEDULING_PRIORITY", variable)
    words = ["--share-identifier", share] if share else []
    words += ["--scheduling-priority", flag] if flag else []
    assert body_of(*words).get("schedulingPriorityOverride") == sent


class TestFiles:
    def test_flags_win_over_the_overrides_file_and_the_rest_of_it_stays(
        self, body_of: Any, tmp_path: Path
    ) -> None:
        file = tmp_path / "overrides.json"
        overrides = {
            "command": ["from", "file"],
            "environment": [{"name": "A", "value": "file"}, {"name": "B", "value": "file"}],
            "resourceRequirements": [{"type": "MEMORY", "value": "4096"}],
        }
        file.write_text(json.dumps(overrides))
        words = ["--container-overrides-file", str(file), "--vcpu", "1"]
        body = body_of(*words, "--environment", '{"B": "flag"}')
        assert body[OVERRIDES] == {
            "command": ["from", "file"],
            "environment": [{"name": "A", "value": "file"}, {"name": "B", "value": "flag"}],
            "resourceRequirements": [
                {"type": "VCPU", "value": "1"},
                {"type": "MEMORY", "value": "4096"},
            ],
        }

    def test_parameters_come_from_their_file_with_or_without_a_byte_order_mark(
        self, body_of: Any, tmp_path: Path
    ) -> None:
        for encoding in ("utf-8", "utf-8-sig"):
            file = tmp_path / f"{encoding}.json"
            file.write_text('{"date": "令和"}', encoding=encoding)
            assert body_of("--parameters-file", str(file))["parameters"] == {"date": "令和"}

    @pytest.mark.parametrize("flag", ["--parameters-file", "--container-overrides-file"])
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            pytest.param(
                b'{"a": 1,\n "b": }', ", line 2, column 7: not valid JSON", id="malformed"
            ),
            pytest.param(b"\xff{}", ": is not UTF-8 text, from byte 0 on", id="not UTF-8"),
            pytest.param(b"[]", " must contain a JSON object, not a list", id="not an object"),
            pytest.param(None, ": cannot be read: No such file or directory", id="missing"),
        ],
    )
    def test_a_bad_file_is_named_with_the_place(
        self, submit: Run, tmp_path: Path, flag: str, content: bytes | None, said: str
    ) -> None:
        file = tmp_path / "file.json"
        if content is not None:
            file.write_bytes(content)
        outcome = submit(flag, str(file), "--dry-run")
        assert (outcome.code, outcome.out) == (2, "")
        assert f"{flag}: {file}{said}" in outcome.err

    def test_a_directory_is_no_file(self, submit: Run, tmp_path: Path) -> None:
        outcome = submit("--parameters-file", str(tmp_path), "--dry-run")
        assert outcome.code == 2
        assert f"--parameters-file: {tmp_path}: is a directory, not a file" in outcome.err


class TestProblems:
    def test_all_of_them_come_at_once_under_the_names_of_the_flags(self, submit: Run) -> None:
        outcome = submit(
            *("--vcpu", "1", "--memory", "4000", "--environment", '{"AWS_BATCH_X": "", "B": {}}'),
            *("--command", '["a", ""]', "--retry-attempts", "11", "--job-timeout", "5"),
            *("--tags", '{"a":}', "--parameters-file", "nowhere.json", "--size-policy", "guess"),
        )
        assert (outcome.code, outcome.out) == (2, "")
        for flag in (
            "--environment AWS_BATCH_X",
            "--command[1]",
            "--retry-attempts",
            "--job-timeout",
            "--tags",
            "--parameters-file",
            "--size-policy",
        ):
            assert f"\n  {flag}: " in outcome.err
        assert "nothing was submitted; 7 problems:" in outcome.err

    def test_one_of_them_is_one_line(self, submit: Run) -> None:
        outcome = submit("--vcpu", "1", "--memory", "4000")
        assert outcome.err == (
            "error: --memory: 1 vCPU with 4000 MiB is not a Fargate size; 1 vCPU takes 2048 to 8192"
            " MiB in steps of 1024: use 3072 or 4096\n"
        )

    @pytest.mark.parametrize("flag", ["--command", "--environment", "--tags"])
    def test_json_mistakes_have_line_and_column(self, submit: Run, flag: str) -> None:
        broken = '["a",\n oops]' if flag == "--command" else '{"a":\n oops}'
        assert f"{flag}: line 2, column 2: not valid JSON" in submit(flag, broken).err

    @pytest.mark.parametrize(
        ("flag", "value", "example"),
        [
            ("--command", "['sh', '-c', 'ls']", """--command '["echo", "hello"]'"""),
            ("--environment", "{'STAGE': 'dev'}", """--environment '{"STAGE": "dev"}'"""),
            ("--tags", "{team: data}", """--tags '{"team": "data"}'"""),
            ("--retry-strategy", "{'attempts': 3}", """--retry-strategy '{"attempts": 3}'"""),
        ],
    )
    def test_json_without_its_quotes_gets_an_example_for_a_shell(
        self, submit: Run, flag: str, value: str, example: str
    ) -> None:
        said = submit(flag, value).err
        assert "use double quotes for strings, and single quotes around the whole JSON" in said
        assert said.endswith(f"Example: {example}\n")
        assert "tojson" not in said

    def test_a_bad_variable_is_named_beside_its_flag(
        self, submit: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_BATCH_SCHEDULING_PRIORITY", "high")
        said = "--scheduling-priority (from AWS_BATCH_SCHEDULING_PRIORITY): 'high' is not a number"
        assert said in submit().err

    def test_arguments_inside_a_message_are_written_as_flags(
        self, submit: Run, tmp_path: Path
    ) -> None:
        file = tmp_path / "overrides.json"
        file.write_text('{"vcpus": 1}')
        outcome = submit("--container-overrides-file", str(file))
        assert "use --vcpu, or resourceRequirements" in outcome.err

    def test_an_array_of_none_is_an_invalid_request(self, submit: Run) -> None:
        outcome = submit("--array-size", "0", "--dry-run")
        assert (outcome.code, outcome.out) == (2, "")
        assert "--array-size: is 0: there is nothing to submit" in outcome.err


class TestSecrets:
    WORDS = (
        *("--environment", '{"DB_PASSWORD": "hunter2", "API_TOKEN": "hunter2", "USER": "me"}'),
        *("--command", '["***"]'),  # looks like a secret that was struck out, and is none
    )

    def test_are_struck_out_on_a_terminal_with_a_warning(
        self, submit: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_console, "is_terminal", lambda _: True)
        outcome = submit(*self.WORDS, "--dry-run")
        assert outcome.code == 0
        environment = json.loads(outcome.out)[OVERRIDES]["environment"]
        assert {entry["name"]: entry["value"] for entry in environment} == {
            "DB_PASSWORD": "***",
            "API_TOKEN": "***",
            "USER": "me",
        }
        assert "warning: " in outcome.err
        self.check_that_all_is_said(outcome.err)

    def test_are_not_struck_out_of_what_another_program_would_submit(self, submit: Run) -> None:
        outcome = submit(*self.WORDS, "--dry-run")
        assert (outcome.code, outcome.out) == (2, "")
        assert "error: nothing was written: 2 secrets" in outcome.err
        assert "stdout is not a terminal" in outcome.err
        self.check_that_all_is_said(outcome.err)

    def check_that_all_is_said(self, text: str) -> None:
        assert "2 secrets" in text
        assert "--show-secrets" in text
        assert "\n  containerOverrides.environment[DB_PASSWORD]\n" in text
        assert "\n  containerOverrides.environment[API_TOKEN]\n" in text
        assert "hunter2" not in text

    def test_a_request_without_secrets_goes_into_a_pipe(self, submit: Run) -> None:
        words = ("--environment", '{"TOKENIZERS_PARALLELISM": "false", "USE_TOKEN": "true"}')
        outcome = submit(*words, *self.WORDS[2:], "--dry-run")
        assert outcome.code == 0
        assert json.loads(outcome.out)[OVERRIDES]["command"] == ["***"]
        assert outcome.err == (
            "Dry run: nothing was submitted.\n"
            "Cost: no estimate, because vCPU and memory are not both given\n"
        )

    @pytest.mark.parametrize(
        ("words", "place"),
        [
            (["--environment", '{"DB": "pg://me:hunter2@db"}'], "environment[DB]"),
            (["--environment", '{"DB": "{\\"password\\": \\"hunter2\\"}"}'], "environment[DB]"),
            (["--command", '["run", "--password", "hunter2"]'], "command[2]"),
            (["--command", '["sh", "-c", "run --password=hunter2"]'], "command[2]"),
        ],
    )
    def test_are_found_in_values_and_commands_too(
        self, submit: Run, words: list[str], place: str
    ) -> None:
        outcome = submit(*words, "--dry-run")
        assert (outcome.code, outcome.out) == (2, "")
        assert "1 secret would" in outcome.err
        assert f"\n  containerOverrides.{place}\n" in outcome.err
        assert "hunter2" not in outcome.err

    def test_of_many_requests_are_named_with_their_request(
        self, submit: Run, tmp_path: Path
    ) -> None:
        line = json.dumps({"environment": {"DB_PASS": "hunter2"}})
        (tmp_path / "jobs.jsonl").write_text(
            f'{{"vcpu": 1, "memory": 2048}}\n{line}\n' + f"{line}\n" * 30
        )
        outcome = submit("--from-file", str(tmp_path / "jobs.jsonl"), "--dry-run")
        assert (outcome.code, outcome.out) == (2, "")
        assert "\n  request 2: containerOverrides.environment[DB_PASS]\n" in outcome.err
        assert "31 secrets" in outcome.err
        assert "\n  and 11 more\n" in outcome.err

    @pytest.mark.parametrize("by", ["flag", "variable"])
    def test_have_more_names_if_somebody_says_so(
        self, submit: Run, monkeypatch: pytest.MonkeyPatch, by: str
    ) -> None:
        words = ("--environment", '{"CUSTOMER_IBAN": "DE-1", "CARIBAN": "x"}', "--dry-run")
        assert submit(*words).code == 0
        if by == "variable":
            monkeypatch.setenv("FARGATE_BATCH_SECRET_NAMES", "pin, iban")
        outcome = submit(*words, *(["--secret-names", "pin,iban"] if by == "flag" else []))
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.count("containerOverrides") == 1
        assert "environment[CUSTOMER_IBAN]" in outcome.err

    def test_are_shown_when_asked_for(self, submit: Run) -> None:
        outcome = submit(*self.WORDS, "--dry-run", "--show-secrets")
        assert outcome.out.count("hunter2") == 2
        assert outcome.err == (
            "Dry run: nothing was submitted.\n"
            "Cost: no estimate, because vCPU and memory are not both given\n"
        )

    @pytest.mark.parametrize(
        "words",
        [
            pytest.param(["--environmant", '{"PASSWORD": "hunter2"}'], id="misspelt flag"),
            pytest.param(['--environmant={"PASSWORD": "hunter2"}'], id="misspelt flag, with ="),
            pytest.param(["--environment", "{PASSWORD:", "hunter2}"], id="quotes forgotten"),
            pytest.param(["--environment", '{"PASSWORD": "hunter2"'], id="broken JSON"),
            pytest.param(["--environment", '{"AWS_BATCH_PASSWORD": "hunter2"}'], id="reserved"),
            pytest.param(["--environment", '["hunter2"]'], id="wrong shape"),
            pytest.param(["--command", "hunter2"], id="a command that is no list"),
        ],
    )
    def test_no_mistake_repeats_a_value(self, submit: Run, words: list[str]) -> None:
        outcome = submit(*words)
        assert (outcome.code, outcome.out) == (2, "")
        assert "hunter2" not in outcome.err


def test_notes_and_warnings_are_talk_not_data(submit: Run) -> None:
    outcome = submit("--array-size", "1", "--share-identifier", "a-b", "--dry-run")
    assert "arrayProperties" not in json.loads(outcome.out)
    assert "note: --array-size 1 submits a plain job" in outcome.err
    assert "warning: --share-identifier a-b: AWS documents letters and digits only" in outcome.err


def test_other_alphabets_stay_readable(submit: Run) -> None:
    assert "値" in submit("--environment", '{"NAME": "値"}', "--dry-run").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ["--command", "[]"],
            "--command is an empty list: the command of the job definition runs",
            id="a command of nothing",
        ),
        pytest.param(
            ["--scheduling-priority", "5"],
            "--scheduling-priority is set without --share-identifier: a fair-share queue needs",
            id="a priority without a share",
        ),
    ],
)
def test_what_has_no_effect_is_warned_of(submit: Run, words: list[str], said: str) -> None:
    outcome = submit(*words, "--dry-run")
    assert outcome.code == 0
    assert f"warning: {said}" in outcome.err


class TestCost:
    SIZE = ("--vcpu", "2", "--memory", "8192", "--dry-run")

    def test_an_hour_the_timeout_and_a_cheaper_size_are_priced(self, submit: Run) -> None:
        outcome = submit(*self.SIZE, "--array-size", "10", "--job-timeout", "1800")
        assert outcome.err.splitlines()[1:] == [
            "Cost: 0.1454 USD an hour for 2 vCPU with 8192 MiB, 1.4536 USD for 10 children (Linux "
            "x86 in ap-northeast-1, on demand, prices of 2026-09-11)",
            "Cost: at most 0.7268 USD for one attempt of each child that runs until its timeout of "
            "30 min 0 s, image pull excluded",
            "Cost: 1 vCPU with 8192 MiB has the same memory and costs 0.0948 USD an hour, "
            "35 % less",
        ]

    @pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
    def test_the_region_is_that_of_the_submit(
        self, submit: Run, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        monkeypatch.setenv(variable, "eu-west-1")
        assert "in eu-west-1, on demand" in submit(*self.SIZE).err

    def test_an_unknown_price_is_said(self, submit: Run) -> None:
        outcome = submit(*self.SIZE, "--region", "eu-west-9")
        assert outcome.code == 0
        assert "Cost: no estimate, because no price of Linux x86 in eu-west-9 is known" in (
            outcome.err
        )

    def test_a_prices_file_counts(self, submit: Run, tmp_path: Path) -> None:
        row = {"region": "eu-west-9", "platform": "linux-x86", "vcpuHour": 1, "gbHour": 0.5}
        file = tmp_path / "prices.json"
        file.write_text(json.dumps({"prices": [{**row, "asOf": "2027-01-01", "currency": "EUR"}]}))
        outcome = submit(*self.SIZE, "--region", "eu-west-9", "--prices-file", str(file))
        assert "Cost: 6.0000 EUR an hour for 2 vCPU with 8192 MiB" in outcome.err
        file.write_text("{")
        outcome = submit(*self.SIZE, "--prices-file", str(file))
        assert (outcome.code, outcome.out) == (2, "")
        assert f"--prices-file: {file} is not valid JSON" in outcome.err

    def test_the_requests_of_a_file_are_summed(self, submit: Run, tmp_path: Path) -> None:
        file = tmp_path / "jobs.jsonl"
        lines = [{"job_name": "a", "vcpu": 1, "memory": 2048}, {"job_name": "b"}]
        file.write_text("\n".join(map(json.dumps, lines)))
        said = submit("--from-file", str(file), "--dry-run").err
        assert "Cost: 0.0616 USD an hour if all jobs of 1 request run at once (on demand" in said
        assert "Cost: no estimate for 1 request, because vCPU and memory are not both given" in said
