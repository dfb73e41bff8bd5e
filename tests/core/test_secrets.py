"""What is named like a secret is struck out of a request, wherever it stands, and nothing else."""

import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_fargate_batch.core.secret_names import is_secret_name
from airflow_fargate_batch.core.secret_texts import STRUCK_OUT
from airflow_fargate_batch.core.secrets import (
    COMMON,
    hidden,
    is_distinct,
    places_of_secrets,
    redacted,
    restored,
    texts_of_secrets,
    without,
)


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


def test_a_text_that_is_nested_too_deep_has_no_texts_of_secrets() -> None:
    deep: list[Any] = []
    for _ in range(2 * sys.getrecursionlimit()):
        deep = [deep]
    assert texts_of_secrets({"parameters": {"x": deep}}) == ()
    assert texts_of_secrets(deep) == ()


def test_a_secret_that_is_a_deep_json_text_is_struck_out_as_a_whole() -> None:
    levels = sys.getrecursionlimit() * 9 // 10  # json can still read it, and the walk cannot
    secret = "[" * levels + '"hunter2"' + "]" * levels
    texts = texts_of_secrets({"environment": [{"name": "DB_PASSWORD", "value": secret}]})
    assert without(texts, f"told {secret}") == "told ***"


# --- Values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [True, False, None, "", "true", "No", "none", "***"])
def test_a_switch_under_a_secret_name_is_shown(value: Any) -> None:
    assert redacted({"parameters": {"password": value}}) == {"parameters": {"password": value}}


def test_the_name_of_a_place_where_a_secret_is_kept_is_shown() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"
    assert redacted({"parameters": {"password": arn}}) == {"parameters": {"password": arn}}


@pytest.mark.parametrize("value", ["$ECRET1", "${x}", "{hunter2}", "`hunter2`", "Ref::hunter2"])
def test_what_names_another_place_in_a_command_is_a_secret_as_a_value(value: str) -> None:
    assert redacted({"parameters": {"password": value}}) == {"parameters": {"password": "***"}}


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("run --password hunter2", "run --password ***"),
        ("run --password=hun,ter;2", "run --password=***"),
        ("mysql --db-password hunter2 --verbose", "mysql --db-password *** --verbose"),
        ("run --password-file pw.txt", "run --password-file pw.txt"),
        ("run --use-token --password --verbose", "run --use-token --password --verbose"),
        ("run --password Ref::password", "run --password Ref::password"),
        ("run --password $DB_PASS", "run --password $DB_PASS"),
        ("env DB_PASS=hunter2 run", "env DB_PASS=*** run"),
        ("run --token-count 10", "run --token-count 10"),
    ],
)
def test_a_command_shows_flags_but_not_their_secrets(command: str, shown: str) -> None:
    assert redacted({"command": command.split()}) == {"command": shown.split()}


def test_the_places_of_secrets_are_known() -> None:
    container = {
        "environment": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "DAY", "value": "x"}],
        "command": ["run", "--password", "hunter2"],
    }
    ecs = {"taskProperties": [{"containers": [container]}]}
    inside = "ecsPropertiesOverride.taskProperties[0].containers[0]"
    assert places_of_secrets(
        {
            "parameters": {"api-token": "hunter2"},
            "containerOverrides": container,
            "ecsPropertiesOverride": ecs,
        }
    ) == [
        "parameters.api-token",
        "containerOverrides.environment[DB_PASSWORD]",
        "containerOverrides.command[2]",
        f"{inside}.environment[DB_PASSWORD]",
        f"{inside}.command[2]",
    ]
    assert places_of_secrets({"jobName": "n", "parameters": {"USE_TOKEN": "true"}}) == []


# --- In running text ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        pytest.param("hunter2", {"hunter2"}, id="text"),
        pytest.param(" hunter2\n", {"hunter2", " hunter2\n"}, id="white space"),
        pytest.param("one-one\ntwo-two", {"one-one", "two-two"}, id="lines"),
        pytest.param("one-one\\ntwo-two", {"one-one", "two-two"}, id="lines in one line"),
        pytest.param("Bearer abcdefghijklmnopq", {"abcdefghijklmnopq"}, id="header"),
        pytest.param("pg://me:p%40ssword@db", {"p%40ssword", "p@ssword"}, id="URL"),
        pytest.param('{"user": "someone", "password": "hunter2"}', {"hunter2"}, id="JSON"),
        pytest.param('{"a": "hunter2", "b": ["hunter3"]}', {"hunter2", "hunter3"}, id="no names"),
        pytest.param({"user": "someone", "pass_word": "hunter2"}, {"hunter2"}, id="mapping"),
        pytest.param(["hunter2", {"x": "hunter3"}], {"hunter2", "hunter3"}, id="list"),
        pytest.param(
            'say "hunter2"', {'say "hunter2"', 'say \\"hunter2\\"'}, id="as JSON writes it"
        ),
        pytest.param(471142, {"471142"}, id="number"),
    ],
)
def test_each_part_of_a_secret_is_struck_out(value: Any, texts: set[str]) -> None:
    found = texts_of_secrets({"parameters": {"secret": value}})
    assert texts <= set(found)
    assert "someone" not in found
    assert texts <= set(texts_of_secrets(json.dumps({"parameters": {"secret": value}})))


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "yes", "abcd", "8080", "65536", "*****", "000000", "   x   ", "false"),
        *("us-east-1", "ap-northeast-1a", "us-gov-west-1", "2026-11-26", "10.0.0.1", "1.2.3"),
        *("2026-11-26T10:00:00Z", *(word.upper() for word in sorted(COMMON))),
    ],
)
def test_what_is_short_or_common_stays_in_a_log(text: str) -> None:
    assert not is_distinct(text)
    given = {"environment": [{"name": "DB_PASSWORD", "value": text}]}
    assert texts_of_secrets(given) == ()
    assert redacted(given) == {"environment": [{"name": "DB_PASSWORD", "value": "***"}]} or (
        text.strip().lower() in {"", "yes", "false", "true", "undefined", "*****"}
    )


@pytest.mark.parametrize(
    "text", ["hunter2", "471142", "falsehood", "abcde", "パスワード1", "a b c"]
)
def test_what_is_long_and_rare_is_struck_out_of_a_log(text: str) -> None:
    assert is_distinct(text)


def test_a_secret_inside_another_leaves_no_rest_of_it() -> None:
    assert without(["horse", "correct-horse-battery"], "a correct-horse-battery") == "a ***"


def test_pem_loses_its_lines_but_not_its_frame() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----"
    texts = texts_of_secrets({"x": pem})
    assert without(texts, "MIIEvQIBADAN") == "***"
    assert without(texts, "-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


names = st.sampled_from(["DB_PASS", "apiKey", "JWT", "パスワード", "x-token"])
secrets = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=5).filter(
    lambda text: is_distinct(text) and redacted({"token": text}) == {"token": STRUCK_OUT}
)


@settings(deadline=None)
@given(names, secrets, st.text(max_size=20))
def test_no_secret_is_left_in_a_body_or_in_a_log(name: str, secret: str, other: str) -> None:
    body = {
        "parameters": {name: secret},
        "containerOverrides": {
            "environment": [
                {"name": name, "value": secret},
                {"name": "CONFIG", "value": json.dumps({name: secret})},
                {"name": "OTHER", "value": other},
            ],
            "command": ["run", f"--{name}={secret}"],
        },
    }
    shown = redacted(body)
    overrides = shown["containerOverrides"]
    assert shown["parameters"] == {name: STRUCK_OUT}
    assert overrides["environment"][:2] == [
        {"name": name, "value": STRUCK_OUT},
        {"name": "CONFIG", "value": STRUCK_OUT},
    ]
    line = f"told {secret}, as JSON {json.dumps(secret)}"
    assert without(texts_of_secrets(body), line) == 'told ***, as JSON "***"'


@settings(deadline=None)
@given(
    names,
    st.text(max_size=4)
    | st.sampled_from(sorted(COMMON))
    | st.from_regex(r"\d{0,5}", fullmatch=True),
    st.text(max_size=80),
)
def test_a_short_or_common_value_stays_in_every_line(name: str, value: str, text: str) -> None:
    line = f"{text} {value} {text}"
    assert (
        without(texts_of_secrets({"environment": [{"name": name, "value": value}]}), line) == line
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100_000, id="nested too deep to be parsed"),
        pytest.param('{"a": 1}\n{"b": ', id="JSON Lines that end early"),
        pytest.param('{"a": 1}\n' + "[" * 100_000, id="a line nested too deep"),
    ],
)
def test_a_text_that_only_begins_like_json_is_a_text(text: str) -> None:
    assert hidden(text, is_secret_name, as_it_is)[0] in (text, STRUCK_OUT)
