"""Failures as AWS words them are sorted and advised rightly, however much of a text is left.

``tests/data/failure_texts.json``: what AWS says, the kind, a word that the advice is about, where
the text was met. ``argued`` says why a kind differs from what its source suggests.
"""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.core._failure_certain import CERTAIN
from airflow_fargate_batch.core._failure_rules import RULES
from airflow_fargate_batch.core.failure import QUOTED, Failure, FailureKind, diagnose
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.request import Arguments
from tests.core.reporting import report

ENTRIES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "failure_texts.json").read_text("utf-8")
)
TEXTS = ("status_reason", "container_reason")


def job(entry: dict[str, Any], **changed: str) -> Job:
    said = entry | changed
    return Job.from_api(
        {
            "jobId": "j",
            "status": "FAILED",
            "statusReason": said.get("status_reason"),
            "container": {
                "reason": said.get("container_reason"),
                "exitCode": said.get("exit_code"),
            },
            **said.get("extra", {}),
        }
    )


def cut(entry: dict[str, Any], at: range) -> list[tuple[str, Failure]]:
    """Diagnose the entry with each of its texts cut at each place."""
    return [
        (text, diagnose(job(entry, **{name: text})))
        for name in TEXTS
        for length in at
        if (text := entry.get(name, "")[:length]) != entry.get(name, "")
    ]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_a_text_is_of_its_kind_and_the_advice_is_about_its_cause(entry: dict[str, Any]) -> None:
    failure = diagnose(job(entry))
    assert failure.kind is FailureKind[entry["kind"]]
    assert entry["advice_about"].lower() in failure.advice.lower()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_cutting_a_text_anywhere_never_forbids_a_retry(entry: dict[str, Any]) -> None:
    if not diagnose(job(entry)).retryable:
        return
    hopeless = [text for text, failure in cut(entry, range(300)) if not failure.retryable]
    assert hopeless == []


@pytest.mark.parametrize("change", [str.lower, str.upper], ids=["lower", "upper"])
def test_the_case_of_a_text_does_not_matter(change: Any) -> None:
    for entry in ENTRIES:
        changed = {name: change(entry[name]) for name in TEXTS if name in entry}
        assert diagnose(job(entry, **changed)).kind is FailureKind[entry["kind"]], entry["id"]


OPENINGS = [
    "ResourceInitializationError:",
    "ResourceInitializationError: unable to pull secrets or registry auth:",
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource"
    " retrieval failed: unable to retrieve secret from asm: service call has been retried 5"
    " time(s): failed to fetch secret arn:aws:secretsmanager:us-west-2:111122223333:secret:s from"
    " secrets manager:",
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource"
    " retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1"
    " time(s):",
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1"
    " times: failed to create Cloudwatch log stream:",
    "ResourceInitializationError: failed to download env files: file download command: non empty"
    " error stream:",
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes:"
    " stderr:",
    "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve"
    " ref docker.io/library/not-found-secret-tags-x509:1: failed to do request:",
    "CannotPullContainerError: The task can't pull the image.",
    "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime"
    " task: failed to create shim task: OCI runtime create failed: runc create failed: unable to"
    " start container process:",
    "CannotCreateContainerError: Error response from daemon:",
    "Unexpected EC2 error while attempting to tag the network interface:",
]


@pytest.mark.parametrize("opening", OPENINGS)
def test_an_opening_is_no_diagnosis(opening: str) -> None:
    for reason in (opening, opening[:120], opening[:255]):
        failure = diagnose(job({"status_reason": "Task failed to start"}, container_reason=reason))
        assert failure.kind is FailureKind.INFRASTRUCTURE


ENDINGS = [
    "context deadline exceeded",
    "dial tcp: lookup registry.example.com: no such host. Please check your network configuration.",
    'Get "https://192.0.2.1/v2/tags/secret": dial tcp 192.0.2.1:443: i/o timeout',
    "read: connection reset by peer",
    "ThrottlingException: Rate exceeded",
    "unexpected EOF",
    "a thing nobody has seen",
]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("opening", OPENINGS)
def test_no_opening_with_a_passing_trouble_forbids_a_retry(opening: str, ending: str) -> None:
    entry = {"status_reason": "Task failed to start", "container_reason": f"{opening} {ending}"}
    assert diagnose(job(entry)).retryable
    assert [text for text, failure in cut(entry, range(100, 400, 9)) if not failure.retryable] == []


def test_no_retry_is_forbidden_by_a_text_below_those_that_are_certain() -> None:
    below = RULES[RULES.index(CERTAIN[-1]) + 1 :]
    assert {rule.kind for rule in CERTAIN} == {FailureKind.CONFIGURATION}
    assert [rule.pattern for rule in below if not rule.kind.retryable] == [
        "^exitCode: 127$",
        "^exitCode: 126$",
    ]


@pytest.mark.parametrize("name", ["CannotPullContainerError", "ResourceInitializationError"])
def test_a_fallback_quotes_what_aws_says_and_lists_usual_causes(name: str) -> None:
    failed = job({"container_reason": f"{name}: a thing nobody has seen"})
    failure = diagnose(failed)
    assert failure.cause.endswith(f': "{name}: a thing nobody has seen"')
    assert failure.advice.startswith("Usual causes: ")
    assert failure.cause in report(failed).splitlines()[0]


def test_a_long_quote_is_cut() -> None:
    cause = diagnose(job({"status_reason": "word " * 100})).cause
    assert cause.endswith('word …"')
    assert len(cause) < QUOTED + 60


def test_a_reason_with_a_line_break_makes_up_no_exit_code() -> None:
    failed = job({"status_reason": "odd\nexitCode: 127\nisTerminated", "exit_code": 1})
    assert diagnose(failed).kind is FailureKind.USER_CODE


def test_every_rule_is_the_one_that_tells_for_some_text() -> None:
    causes = {diagnose(job(entry)).cause.partition(': "')[0] for entry in ENTRIES}
    assert {rule.cause for rule in RULES} - causes == set()


def test_an_argument_is_named_in_backticks_and_is_one_of_the_operators() -> None:
    named = {word for rule in RULES for word in rule.advice.split("`")[1::2]}
    assert named
    assert named <= {field.name for field in fields(Arguments)}
