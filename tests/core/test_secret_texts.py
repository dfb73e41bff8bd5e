"""What is secret in a text is found by its shape, or by the name in front of it."""
# ruff: noqa: RUF001 - Japanese texts have full-width colons

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_fargate_batch.core.secret_names import is_secret_name
from airflow_fargate_batch.core.secret_texts import secret_spans, secrets_in, without_secrets

DIGITS = "0123456789abcdefghijABCDEFGHIJ0123456789"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ\n-----END RSA PRIVATE KEY-----"


def struck(text: str) -> str:
    return without_secrets(text, is_secret_name)


# Behind "|" stands what is left of the text, if it is not "***" alone.
SHAPES = [
    f"ghp_{DIGITS}",
    f"github_pat_{DIGITS}",
    f"glpat-{DIGITS}",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    f"xoxb-{DIGITS}",
    f"sk_live_{DIGITS}",
    f"sk-proj-{DIGITS}",
    f"AIza{DIGITS[:35]}",
    f"npm_{DIGITS[:36]}",
    f"hf_{DIGITS}",
    "dapi0123456789abcdef0123456789abcdef",
    f"hvs.{DIGITS}",
    f"SG.{DIGITS[:22]}.{DIGITS}",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    PEM,
    PEM.replace("RSA ", "").replace("\n", "\\n"),
    "-----BEGIN OPENSSH PRIVATE KEY-----\ncut off",
]
PARTS = [
    ("postgres://me:hunter2@db/prod", "postgres://me:***@db/prod"),
    ("redis://:hunter2@cache:6379/0", "redis://:***@cache:6379/0"),
    ("mysql+pymysql://me:p@ss/w?rd@db", "mysql+pymysql://me:***@db"),
    ("amqp://a:hunter2@x,amqp://b:hunter3@y", "amqp://a:***@x,amqp://b:***@y"),
    (
        "jdbc:postgresql://db/x?user=me&password=hunter2",
        "jdbc:postgresql://db/x?user=me&password=***",
    ),
    ("https://api/x?api_key=hunter2&page=2", "https://api/x?api_key=***&page=2"),
    (
        "https://b.s3.amazonaws.com/k?X-Amz-Signature=0af1&x=1",
        "https://b.s3.amazonaws.com/k?X-Amz-Signature=***&x=1",
    ),
    (
        "https://hooks.slack.com/services/T00000000/B00000000/XXXX",
        "https://hooks.slack.com/services/***",
    ),
    ("Server=db;Uid=me;Pwd=hunter2;", "Server=db;Uid=me;Pwd=***;"),
    (
        "AccountName=x;AccountKey=abc==;EndpointSuffix=y",
        "AccountName=x;AccountKey=***;EndpointSuffix=y",
    ),
    ("app --password hunter2 --verbose", "app --password *** --verbose"),
    ("app --password=hunter2 --verbose", "app --password=*** --verbose"),
    ("app --password 'hunter 2' -v", "app --password '***' -v"),
    ("--password=hun;ter&2", "--password=***"),
    ("-Dspring.datasource.password=hunter2 -Xmx2g", "-Dspring.datasource.password=*** -Xmx2g"),
    ("DB_PASS=//hunter2 ./run", "DB_PASS=*** ./run"),
    ("DB_PASS=hunter2 ./run", "DB_PASS=*** ./run"),
    ("curl -H 'Authorization: Bearer abc.def' x", "curl -H 'Authorization: Bearer ***' x"),
    ('curl -H "X-Api-Key: hunter2" x', 'curl -H "X-Api-Key: ***" x'),
    ("see Bearer 0123456789abcdef", "see Bearer ***"),
    ("{'password': 'hunter2', 'day': 1}", "{'password': '***', 'day': 1}"),
    ("password: hunter2, user: me", "password: ***, user: me"),
    ("パスワード：hunter2", "パスワード：***"),
    (f"key {PEM} end", "key *** end"),
]
HARMLESS = [
    *("", "dev", "s3://bucket/key:with=signs@", "http://host:8080/@me", "ssh://git@github.com/x"),
    *("http://host:8080", "https://user@host", "12:30:00", "key=value", "user: me", "a b c"),
    *("postgres://me:${PW}@db", "postgres://me:$PW@db", "pg://{user}:{password}@db", "x:***@y"),
    *("echo $TOKEN", "app --password $password -v", "TOKEN=$(aws get) run", "TOKEN=`get` run"),
    *("--password Ref::password", "--password ${PW}", "export TOKEN=$TOKEN; run"),
    *("token = get_token()", "password = os.environ['PW']", "MAX_TOKENS=500", "USE_TOKEN=true"),
    *("--password-stdin x", "--password --verbose", "--token-url https://x/y", "--no-password me"),
    *("arn:aws:secretsmanager:eu-west-1:1:secret:prod/db", "registry/secret:1.0", "keys: a, b"),
    *("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "sk-learn-is-a-long-name"),
    *("AKIA", "ghp_short", "task-AKIAIOSFODNN7EXAMPLE", "eyJub3QiOiJhIn0", "the bearer of a token"),
    *("TOKENIZERS_PARALLELISM=false", "NO_PROXY=localhost,10.0.0.1", "AUTHORIZATION_MODE=strict"),
    *("2026-11-26T10:00:00+09:00", "spark.executor.memory=4g", "select * from secrets", "PWD=/x"),
    *("secret://vault/db", "--secrets-backend vault"),
]


@pytest.mark.parametrize("text", SHAPES)
def test_what_looks_like_a_secret_is_one(text: str) -> None:
    assert struck(text) == "***"
    assert struck(f"use {text} here") in ("use *** here", "use ***")
    assert text in secrets_in(text, is_secret_name)


@pytest.mark.parametrize(("text", "shown"), PARTS)
def test_the_secret_part_of_a_text_is_struck_out(text: str, shown: str) -> None:
    assert struck(text) == shown
    assert struck(shown) == shown


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_text_is_left_alone(text: str) -> None:
    assert struck(text) == text


def test_a_password_is_also_known_as_a_program_decodes_it() -> None:
    assert list(secrets_in("pg://me:p%40ss@db", is_secret_name)) == ["p%40ss", "p@ss"]


@settings(deadline=None)
@given(st.text("ab:/@=-'\"{}$ \n.eyJBEGIN", max_size=200))
def test_spans_are_in_order_and_apart(text: str) -> None:
    spans = secret_spans(text, is_secret_name)
    assert all(start < end for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a",
            "a ",
            "a:",
            "://a:",
            'a="',
            "-----BEGIN PRIVATE KEY-----",
            "eyJaaaaaaaaaaa.",
            "--a ",
        ),
        *(
            "password=",
            "'",
            "a='b",
            "sk-",
            "sk-a",
            "sk-A0",
            "Bearer ",
            ";pwd",
            "token:",
            "x.-",
            "://:",
        ),
        *(" ", "-", "é", "=", "{", "-----BEGIN A ", "--password ", "SG.a", "$(", "&sig="),
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (30_000 // len(piece))
    began = time.process_time()
    struck(text)
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("token: https://me:hunter2@host/x", "token: ***"),
        (f"--password 'ghp_{DIGITS} x' y", "--password '***' y"),
        (f"https://me:ghp_{DIGITS}@host", "https://me:***@host"),
    ],
)
def test_a_secret_inside_a_secret_is_struck_out_with_the_outer_one(text: str, left: str) -> None:
    assert len(secret_spans(text, is_secret_name)) == 1
    assert struck(text) == left
