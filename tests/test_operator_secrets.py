"""A secret reaches AWS, and nothing that a person can read: whatever form it is given in."""

import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch._airflow import masking
from airflow_fargate_batch._airflow.compat import AirflowFailException, mask_secret, redact
from airflow_fargate_batch._airflow.masking import is_secret_in_airflow
from airflow_fargate_batch.exceptions import InvalidRequest
from tests.operating import FakeTaskInstance, operator, rendered, submitted

SECRET, SHORT = "correct-horse-battery", "~Z~"
SECRETS = {
    "DB_PASSWORD": SECRET,
    "API_TOKEN": SHORT,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "CONNECTION_STRING": SHORT,
}
MAPPING = {"CITY": "Kyoto", **SECRETS}
LIST = [{"name": name, "value": value} for name, value in MAPPING.items()]
ECS = {"taskProperties": [{"containers": [{"name": "main", "environment": LIST}]}]}
FORMS: dict[str, dict[str, Any]] = {
    "mapping": {"environment": MAPPING},
    "list": {"environment": LIST},
    "JSON": {"environment": json.dumps(MAPPING)},
    "JSON of a list": {"environment": json.dumps(LIST)},
    "template": {"environment": {name: f"{{{{ '{said}' }}}}" for name, said in MAPPING.items()}},
    "template of all": {"environment": "{{ mapping | tojson }}"},
    "overrides": {"container_overrides": {"environment": LIST}},
    "mapping in overrides": {"container_overrides": {"environment": MAPPING}},
    "JSON of overrides": {"container_overrides": json.dumps({"environment": LIST})},
    "parameters": {"parameters": MAPPING},
    "JSON of parameters": {"parameters": json.dumps(MAPPING)},
    "containers of ECS": {"ecs_properties_override": ECS},
    "JSON of containers": {"ecs_properties_override": json.dumps(ECS)},
    "a named container": {"container": "main", "environment": MAPPING},
    "extra containers of ECS": {"extra_submit_args": {"ecsPropertiesOverride": ECS}},
}

forms = pytest.mark.parametrize("form", FORMS)
native = pytest.mark.parametrize("native", [False, True], ids=["as text", "as native objects"])


def shown(task: Any) -> str:
    """Return what Airflow stores of a task's rendered fields."""
    return json.dumps([getattr(task, name) for name in task.template_fields], default=str)


def is_clean(text: str) -> bool:
    return SECRET not in text and SHORT not in text


@forms
@native
def test_rendered_fields_show_secrets_struck_out_and_all_else(form: str, native: bool) -> None:
    task = operator(native=native, **FORMS[form])
    rendered(task, mapping=MAPPING)
    assert is_clean(shown(task))
    assert "Kyoto" in shown(task)


@forms
@native
def test_aws_gets_the_secrets(form: str, native: bool) -> None:
    body = submitted(operator(native=native, **FORMS[form]), mapping=MAPPING).to_submit_job()
    for value in MAPPING.values():
        assert value in json.dumps(body)


@forms
def test_a_dry_run_shows_none(
    form: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    task, ti = operator(dry_run=True, **FORMS[form]), FakeTaskInstance()
    with caplog.at_level(logging.DEBUG):
        task.execute(rendered(task, ti, mapping=MAPPING))
    assert is_clean(json.dumps(ti.pushed))
    assert "Kyoto" in json.dumps(ti.pushed)
    assert is_clean(caplog.text + capsys.readouterr().out)


def test_rendering_twice_loses_nothing() -> None:
    task = operator(environment=LIST)
    rendered(task)
    assert submitted(task).environment == MAPPING


def test_what_is_changed_after_rendering_counts() -> None:
    task: Any = operator(environment=MAPPING)
    context = rendered(task)
    task.environment["CITY"] = "Quito"
    task.environment["DB_PASSWORD"] = "another"
    task.environment["NEW"] = "1"
    del task.environment["API_TOKEN"]
    ti = context["ti"]
    assert submitted(task, ti).environment == {
        "CITY": "Quito",
        "DB_PASSWORD": "another",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "CONNECTION_STRING": SHORT,
        "NEW": "1",
    }


def test_a_policy_may_change_a_task_before_it_is_rendered() -> None:
    task = operator(environment=MAPPING)
    task.environment = {**MAPPING, "DAY": "{{ ds }}"}
    assert submitted(task).environment == {**MAPPING, "DAY": "2026-02-03"}


def test_what_airflow_masks_is_struck_out_wherever_it_stands() -> None:
    mask_secret("from-a-connection")
    task: Any = operator(
        environment={"LINE": "db:from-a-connection@host"}, command=["from-a-connection"]
    )
    rendered(task)
    assert task.environment == {"LINE": "db:***@host"}
    assert task.command == ["***"]
    assert submitted(task).environment == {"LINE": "db:from-a-connection@host"}


def test_airflow_masks_from_then_on_what_stands_under_a_secret_name() -> None:
    rendered(operator(environment=[{"name": "DB_PASSWORD", "value": "from-now-on"}]))
    assert redact("it is from-now-on") == "it is ***"


PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END PRIVATE KEY-----\n"
GIVEN: dict[str, Any] = {
    "environment": {
        "SSH_KEY": PEM,
        "DB": json.dumps({"host": "db.internal", "password": "a-json-leaf"}),
        "BROKER": "amqp://me:a-url-part@mq",
    },
    "parameters": {"api-token": "a-parameter"},
    "command": ["run", "--password", "a-next-word", "--token=a-flag-value"],
    "tags": {"secret": "a-tag"},
}
GIVEN_SECRETS = (
    *("MIIEvQIBADAN", "BgkqhkiG9w0B", "a-json-leaf", "a-url-part", "a-parameter", "a-next-word"),
    *("a-flag-value", "a-tag"),
)


@pytest.mark.parametrize("as_json_text", [False, True], ids=["values", "JSON"])
def test_every_part_of_a_secret_is_masked_and_shown_nowhere(as_json_text: bool) -> None:
    given = {name: json.dumps(value) for name, value in GIVEN.items()} if as_json_text else GIVEN
    task = operator(**given)
    rendered(task)
    assert not [secret for secret in GIVEN_SECRETS if secret in shown(task)]
    for secret in GIVEN_SECRETS:
        assert redact(f"<{secret}>") == "<***>"
    assert redact("at db.internal with mq, run") == "at db.internal with mq, run"


def test_a_dry_run_says_what_it_struck_out(caplog: pytest.LogCaptureFixture) -> None:
    task, ti = operator(dry_run=True, **GIVEN), FakeTaskInstance()
    with caplog.at_level(logging.INFO):
        task.execute(rendered(task, ti))
    assert not [secret for secret in GIVEN_SECRETS if secret in caplog.text + str(ti.pushed)]
    [request] = [value for key, value in ti.pushed if key == "request"]
    assert request["containerOverrides"]["command"] == ["run", "--password", "***", "--token=***"]
    assert {"name": "BROKER", "value": "amqp://me:***@mq"} in request["containerOverrides"][
        "environment"
    ]


def test_a_word_too_short_to_mask_does_not_make_the_log_unreadable() -> None:
    rendered(operator(environment={"USES_TOKEN": "yes"}))
    assert redact("yes and no") == "yes and no"


def test_a_number_under_a_secret_name_is_a_secret() -> None:
    task = operator(native=True, environment={"DOOR_TOKEN": "{{ 471142 }}"})
    rendered(task)
    assert "471142" not in shown(task)
    assert submitted(task).environment == {"DOOR_TOKEN": "471142"}


@pytest.mark.parametrize("name", ["DB_PASSWORD", "apiKey", "SENTRY_DSN"])
def test_names_that_speak_of_secrets(name: str) -> None:
    assert is_secret_in_airflow(name)


def test_names_that_airflow_is_told_of_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_secret_in_airflow("HOUSE_WORD")
    monkeypatch.setenv("AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES", " iban, House_Word,")
    assert is_secret_in_airflow("THE_HOUSE_WORD")
    task = operator(environment={"HOUSE_WORD": SECRET})
    rendered(task)
    assert is_clean(shown(task))


def test_words_that_airflow_has_built_in_count_as_whole_words_only() -> None:
    assert redact("false", "TOKENIZERS_PARALLELISM") == "***", "Airflow itself masks it"
    rendered(operator(environment={"TOKENIZERS_PARALLELISM": "false", "MAX_TOKENS": "100000"}))
    assert redact("it is false that 100000") == "it is false that 100000"


MISTAKES: dict[str, dict[str, Any]] = {
    "not JSON": {"environment": f'{{{{ "{{" }}}}"DB_PASSWORD": "{SECRET}" "{SHORT}"'},
    "Python": {"environment": f"{{{{ {MAPPING} }}}}"},
    "not allowed": {"environment": {"DB_PASSWORD": "{{ '" + SECRET + "' ~ '\\0' }}"}},
    "name and value": {"environment": {f"DB_PASSWORD={SECRET}": "{{ ds }}", **SECRETS}},
    "too long": {"environment": {"DB_PASSWORD": f"{{{{ '{SECRET}' * 900 }}}}"}},
    "another's": {"environment": SECRETS, "memory": "{{ 1 }}"},
    "parameters": {"parameters": f"{{{{ 'TOKEN={SECRET}' }}}}"},
    "overrides": {"container_overrides": {"environment": SECRETS, "x": "{{ 1 }}"}},
}


@pytest.mark.parametrize("case", MISTAKES)
def test_no_error_quotes_a_secret(case: str) -> None:
    with pytest.raises((InvalidRequest, AirflowFailException)) as caught:
        submitted(operator(**MISTAKES[case]))
    assert is_clean("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize(
    "text",
    [f'{{"DB_PASSWORD": "{SECRET}" "{SHORT}"', str(SECRETS), f"DB_PASSWORD={SECRET}"],
    ids=["malformed JSON", "Python", "another notation"],
)
def test_what_nobody_can_read_is_struck_out_as_a_whole(text: str) -> None:
    task: Any = operator(environment="{{ text }}")
    rendered(task, text=text)
    assert task.environment == "***"


def test_a_template_that_cannot_be_rendered_is_not_logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    task = operator(environment={**SECRETS, "DAY": "{{ nobody.knows }}"})
    with pytest.raises(Exception, match="nobody"):
        rendered(task)
    logged = caplog.text + capsys.readouterr().out + capsys.readouterr().err
    assert is_clean(logged)
    assert "Could not render environment" in logged


def test_secrets_in_a_file_are_masked_in_all_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    masked: list[str] = []
    monkeypatch.setattr(masking, "mask_secret", masked.append)
    (tmp_path / "a.json").write_text(
        json.dumps({"environment": [{"name": "DB_PASSWORD", "value": SECRET}]})
    )
    (tmp_path / "b.json").write_text(json.dumps({"API_TOKEN": f"{SECRET}-2", "DAY": "2026-02-03"}))
    submitted(
        operator(
            container_overrides_file=str(tmp_path / "a.json"),
            parameters_file=str(tmp_path / "b.json"),
        )
    )
    assert sorted(masked) == [SECRET, f"{SECRET}-2"]
