"""Flags, help, versions, and what mistakes in them get."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_fargate_batch import __version__
from airflow_fargate_batch.cli import (
    COMMANDS,
    iam_policy,
    main,
    migrate,
    sizes,
    status,
    submit_fargate_job,
    terminate,
    wait,
)
from airflow_fargate_batch.cli._flags import Flag, Options
from airflow_fargate_batch.cli._shared_options import LogOptions
from airflow_fargate_batch.cli._submit_flags import SubmitOptions
from airflow_fargate_batch.cli._submit_help import COMMON
from tests.cli.conftest import Run

BY_NAME = {flag.name: flag for flag in SubmitOptions.flags()}

OPTIONS: dict[str, type[Options]] = {
    "submit": SubmitOptions,
    "wait": wait.WaitOptions,
    "status": status.StatusOptions,
    "logs": LogOptions,
    "terminate": terminate.TerminateOptions,
    "sizes": sizes.SizesOptions,
    "iam-policy": iam_policy.IamPolicyOptions,
    "migrate": migrate.MigrateOptions,
}

OLDER_SCRIPT = {
    "--job-name-prefix": "fargate-job",
    "--job-queue": "awa-batch-dev-fargate-high-priority",
    "--job-definition": "awa-batch-dev-fargate-sample",
    "--region": "ap-northeast-1",
    "--vcpu": None,
    "--memory": None,
    "--platform-version": "LATEST",
    "--share-identifier": None,
    "--scheduling-priority": None,  # was 0: still sent with a share identifier, see the dry runs
    "--command": None,
    "--environment": None,
    "--parameters-file": None,
    "--container-overrides-file": None,
    "--tags": None,
    "--depends-on": None,
    "--array-size": None,
    "--dry-run": None,
}
"""The flags of ``submit_fargate_job.py`` and their defaults, which must not change."""

OLDER_VARIABLES = {
    "--job-name-prefix": "AWS_BATCH_JOB_NAME_PREFIX",
    "--job-queue": "AWS_BATCH_JOB_QUEUE",
    "--job-definition": "AWS_BATCH_JOB_DEFINITION",
    "--region": "AWS_REGION",
    "--share-identifier": "AWS_BATCH_SHARE_IDENTIFIER",
    "--scheduling-priority": "AWS_BATCH_SCHEDULING_PRIORITY",
}


@pytest.mark.parametrize("name", OLDER_SCRIPT)
def test_the_older_scripts_flags_are_kept(name: str) -> None:
    flag = BY_NAME[name]
    assert flag.default == OLDER_SCRIPT[name]
    assert flag.variable == OLDER_VARIABLES.get(name)


EVERY_FLAG = [
    pytest.param(command, flag, id=f"{command} {flag.name}")
    for command, options in OPTIONS.items()
    for flag in options.flags()
]


@pytest.mark.parametrize(("command", "flag"), EVERY_FLAG)
def test_every_flag_has_help_that_names_its_variable_and_default(
    run: Run, command: str, flag: Flag[Any]
) -> None:
    shown = " ".join(run(command, "--help-all" if command == "submit" else "--help").out.split())
    assert re.search(rf"{flag.name}[ ,]", shown)
    assert flag.help in shown
    assert not flag.variable or f"[${flag.variable}" in shown
    assert not flag.default or f"default: {flag.default}]" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_listed_and_has_help(run: Run, command: str) -> None:
    assert f"\n  {command} " in run("--help").out
    outcome = run(command, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"usage: fargate-batch {command} ")


def test_help_ends_with_examples_and_exit_codes(submit: Run) -> None:
    for words, examples in (["--help"], 2), (["--help-all"], 6):
        shown = submit(*words).out
        assert shown.count("fargate-batch submit --job-") >= examples
        assert "exit codes: 0 done; 1 AWS refused, or" in shown


def test_the_help_of_submit_fits_a_screen_and_names_every_flag(submit: Run) -> None:
    shown = submit("--help").out
    assert len(shown.splitlines()) <= 50
    assert all(re.search(rf"{name}[ ,\n]", shown) for name in BY_NAME)
    assert "--help-all" in shown
    for text in (flag.help for name, flag in BY_NAME.items() if name in COMMON):
        assert text in " ".join(shown.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_names_the_exit_codes(run: Run, command: str) -> None:
    assert "\nexit codes: 0 " in run(command, "--help").out


def test_help_uses_the_name_it_was_called_by(capsys: pytest.CaptureFixture[str]) -> None:
    assert submit_fargate_job(["--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: submit-fargate-job ")
    assert "fargate-batch submit" not in shown


def test_the_version_is_data(run: Run) -> None:
    assert run("--version") == (0, f"fargate-batch {__version__}\n", "")
    assert run("wait", "--version") == (0, f"fargate-batch wait {__version__}\n", "")


def test_the_older_script_has_a_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert submit_fargate_job(["--version"]) == 0
    assert capsys.readouterr().out == f"submit-fargate-job {__version__}\n"


def test_without_a_command_the_help_is_talk(run: Run) -> None:
    outcome = run()
    assert (outcome.code, outcome.out) == (2, "")
    assert "commands:" in outcome.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["sbmit"], "no command 'sbmit'; did you mean submit?", id="command"),
        pytest.param(
            ["submit", "--vcpus", "2"], "no flag --vcpus; did you mean --vcpu?", id="flag"
        ),
        pytest.param(["submit", "--job-q", "Q"], "did you mean --job-queue?", id="abbreviation"),
        pytest.param(["submit", "--zzz"], "there is no flag --zzz\n", id="nothing like it"),
        pytest.param(["--zzz"], "there is no flag --zzz\n", id="flag before a command"),
        pytest.param(["submit", "stray"], "unexpected argument 1. If", id="stray word"),
        pytest.param(
            ["submit", "-v"], "no flag -v; did you mean --version or --vcpu?", id="short flag"
        ),
        pytest.param(["wait", "J", "-q7"], "there is no flag -q\n", id="short flag with a value"),
        pytest.param(["completion", "fish"], "SHELL: invalid choice", id="unknown shell"),
        pytest.param(["submit", "--job-queue"], "--job-queue: expected one", id="value missing"),
        pytest.param(["submit", "--from-file=--"], "--from-file: -- is not a value", id="dashes"),
        pytest.param(
            ["wait", "J", "--timeout=--"], "--timeout: -- is not a value", id="dashes too"
        ),
        pytest.param(["submit", "--output", "yaml"], "--output: invalid choice", id="choice"),
        pytest.param(["wait"], "are required: ID", id="no job"),
        pytest.param(
            ["wait", "J", "--timeout", "1h"], "--timeout: must be a number", id="no number"
        ),
        pytest.param(["wait", "J", "--timeout", "0"], "--timeout: must be a number", id="no time"),
        pytest.param(["submit", "--idempotency-key", " "], "-key: is empty", id="an unset key"),
        pytest.param(["logs", "J", "--index", "x"], "--index: must be a number", id="no index"),
        pytest.param(["logs", "J", "--index=-1"], "--index: must be a number", id="index below 0"),
        pytest.param(["terminate", "J", "--reason", ""], "--reason: is empty", id="no reason"),
        pytest.param(["submit", "--region", ""], "--region: is empty", id="an unset region"),
        pytest.param(["wait", "J", "--profile", ""], "--profile: is empty", id="an unset profile"),
        pytest.param(["logs", "J", "--endpoint-url", ""], "-url: is empty", id="an unset URL"),
    ],
)
def test_bad_usage_is_2_and_says_what_and_where_help_is(
    run: Run, words: list[str], said: str
) -> None:
    outcome = run(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")
    assert said in outcome.err
    assert outcome.err.endswith("--help'.\n")


ODD_VALUES = (
    *("", "--", "-", "=", "--=", "\0", "\ud800", "é", "{}", "[]", "null", "NaN", "1e999", "-1"),
    *("{", "[", "/dev/zero", "/", "nowhere", "~nobody/x", "a=b", "jobId=a", "true", "None", "%s"),
    *("%(prog)s", "{0}", "@file", "a b", "\n", "[" * 3000, "9" * 5000, "inf", "nan"),
)
ODD_FLAGS = (*BY_NAME, "--no-propagate-tags", "--help", "-h", "-x", "---", "--=", "-=", "--zzz")


@st.composite
def odd_calls(draw: st.DrawFn) -> list[str]:
    """Draw the words of a dry run in which any flag may stand with any value, or without."""
    words: list[str] = []
    for _ in range(draw(st.integers(0, 4))):
        flag, value = draw(st.sampled_from(ODD_FLAGS)), draw(st.sampled_from(ODD_VALUES))
        words += draw(st.sampled_from([[flag], [flag, value], [f"{flag}={value}"], [value]]))
    return ["submit", *words, "--dry-run"]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=odd_calls())
def test_no_words_make_a_traceback(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) in {0, 2}
    assert "Traceback" not in capsys.readouterr().err
