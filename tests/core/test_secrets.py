"""What is named like a secret is struck out of a request, wherever it stands, and nothing else."""

import json
import sys
from typing import Any

import pytest

from airflow_fargate_batch.core.secrets import (
    STRUCK_OUT,
    hidden,
    is_secret_name,
    redacted,
    restored,
    struck_texts,
)


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "passwd",
        "API_KEY",
        "Api-Key",
        "apiKey",
        "ACCESS_TOKEN",
        "token",
        "AWS_SECRET_ACCESS_KEY",
        "PRIVATE_KEY",
        "privateKey",
        "ssh_passphrase",
        "SENTRY_DSN",
        "Authorization",
        "keyfile_dict",
        "SERVICE_ACCOUNT",
    ],
)
def test_a_name_that_says_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["", "A", "STAGE", "KEY", "USER", "TABLE", "pass", "monkey"])
def test_a_name_that_does_not(name: str) -> None:
    assert not is_secret_name(name)


def body(value: str) -> dict[str, Any]:
    container = {
        "command": ["run"],
        "environment": [
            {"name": "DB_PASSWORD", "value": value},
            {"name": "STAGE", "value": "dev"},
        ],
    }
    return {
        "jobName": "n",
        "arrayProperties": {"size": 2},
        "parameters": {"api-token": value, "day": "2026-11-22"},
        "containerOverrides": container,
        "ecsPropertiesOverride": {"taskProperties": [{"containers": [container]}]},
        "secrets": {"user": value, "list": [value, {"x": value}]},
        "newMember": {1: "kept"},
    }


def test_secrets_are_struck_out_and_all_else_is_kept() -> None:
    assert redacted(body("hunter2")) == body(STRUCK_OUT)


def test_the_original_is_left_alone() -> None:
    original = body("hunter2")
    redacted(original)
    assert original == body("hunter2")


def test_who_knows_more_secret_names_may_say_so() -> None:
    said = redacted({"parameters": {"day": "x", "api-token": "y"}}, lambda name: name == "day")
    assert said == {"parameters": {"day": STRUCK_OUT, "api-token": "y"}}


SECRET = {"environment": [{"name": "DB_PASSWORD", "value": "hunter2"}], "day": "2026-11-22"}
SHOWN = {"environment": [{"name": "DB_PASSWORD", "value": STRUCK_OUT}], "day": "2026-11-22"}


def without_day(text: str) -> str:
    return text.replace("2026-11-22", STRUCK_OUT)


def as_it_is(text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(SECRET, SHOWN, id="mapping"),
        pytest.param(json.dumps(SECRET), SHOWN, id="JSON text"),
        pytest.param('{"day": 1}', '{"day": 1}', id="JSON text without a secret"),
        pytest.param("--password hunter2", STRUCK_OUT, id="text that speaks of one"),
        pytest.param("{'password': 'hunter2'}", STRUCK_OUT, id="Python text"),
        pytest.param("dev", "dev", id="text"),
        pytest.param(["a", 1, None], ["a", 1, None], id="list"),
        pytest.param({"token": 7}, {"token": STRUCK_OUT}, id="number"),
    ],
)
def test_an_argument_is_shown_without_its_secrets_and_can_be_restored(
    value: Any, shown: Any
) -> None:
    copy, original = hidden(value, is_secret_name, as_it_is)
    assert copy == shown
    back = restored(copy, original)
    assert back == value or back == json.loads(value)


def test_what_else_is_known_to_be_secret_is_struck_out_of_texts() -> None:
    copy, original = hidden(SECRET, is_secret_name, without_day)
    assert copy["day"] == STRUCK_OUT
    assert restored(copy, original) == SECRET


def test_what_changed_since_is_kept() -> None:
    copy, original = hidden(SECRET, is_secret_name, as_it_is)
    changed = copy | {"day": "2026-11-23", "new": "x"}
    assert restored(changed, original) == SECRET | {"day": "2026-11-23", "new": "x"}


def test_a_secret_in_the_json_text_of_a_value_is_struck_out_too() -> None:
    value = json.dumps({"host": "db", "password": "hunter2"})
    variables = [{"name": "DB", "value": value}, {"name": "DAY", "value": '{"day": 1}'}]
    shown = [{"name": "DB", "value": STRUCK_OUT}, {"name": "DAY", "value": '{"day": 1}'}]
    assert redacted({"environment": variables}) == {"environment": shown}
    assert hidden({"DB": value}, is_secret_name, as_it_is)[0] == {"DB": STRUCK_OUT}


def test_what_is_nested_too_deep_to_be_looked_at_is_struck_out_as_a_whole() -> None:
    deep: list[Any] = []
    for _ in range(2 * sys.getrecursionlimit()):
        deep = [deep]
    copy, original = hidden(deep, is_secret_name, as_it_is)
    assert copy == STRUCK_OUT
    assert restored(copy, original) is deep


def test_a_deep_json_text_is_shown_or_struck_out() -> None:
    levels = sys.getrecursionlimit() * 9 // 10  # json can still read it
    text = "[" * levels + "]" * levels
    assert hidden(text, is_secret_name, as_it_is)[0] in (text, STRUCK_OUT)
    assert redacted({"parameters": {"x": text}})["parameters"]["x"] in (text, STRUCK_OUT)


def test_the_texts_that_were_struck_out_are_known() -> None:
    assert list(struck_texts(*hidden(SECRET, is_secret_name, as_it_is))) == ["hunter2"]
