"""No value that a container gets is quoted: not in a message, a warning, a note or a ``repr``."""

import json
from typing import Any

import pytest

from airflow_fargate_batch.core.request import JobRequest, JsonFile
from airflow_fargate_batch.exceptions import InvalidRequest
from tests.core.making import WHERE, make

CANARY = "hunter2"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"environment": {"AWS_BATCH_X": CANARY}}, id="reserved name"),
        pytest.param({"environment": {"A": f"{CANARY}\0"}}, id="NUL"),
        pytest.param({"environment": {"A": f"{CANARY}\ud800"}}, id="half a surrogate pair"),
        pytest.param({"environment": {"A": {CANARY}}}, id="a set"),
        pytest.param({"environment": {"A": {"b": {CANARY}}}}, id="what JSON cannot hold"),
        pytest.param({"environment": {"A": CANARY.encode()}}, id="bytes"),
        pytest.param({"environment": {f"A={CANARY}": ""}}, id="value in a name"),
        pytest.param({"environment": {f"AWS_BATCH_A={CANARY}": ""}}, id="value in a reserved name"),
        pytest.param({"environment": f"A={CANARY}"}, id="shell's notation"),
        pytest.param({"environment": [f"A={CANARY}"]}, id="docker's notation"),
        pytest.param({"environment": [{"name": "", "value": CANARY}]}, id="no name"),
        pytest.param({"environment": [{"A": CANARY}]}, id="mapping in a list"),
        pytest.param({"environment": f'{{"A": "{CANARY}}}'}, id="malformed JSON"),
        pytest.param({"environment": f"{{'A': '{CANARY}'}}"}, id="Python text"),
        pytest.param({"environment": json.dumps(CANARY)}, id="JSON of a text"),
        pytest.param({"environment": {"A": CANARY + "x" * 9000}}, id="too long"),
        pytest.param({"environment": {"A": CANARY + "あ" * 11_000}}, id="too large"),
        pytest.param({"parameters": {"a": [{CANARY}]}}, id="parameter"),
        pytest.param({"parameters": f'["{CANARY}"]'}, id="parameters as a list"),
        pytest.param({"parameters": {"a": CANARY + "x" * 31_000}}, id="parameters too large"),
        pytest.param(
            {"parameters_file": JsonFile("p.json", f'{{"a": {CANARY}}}')}, id="malformed file"
        ),
        pytest.param({"parameters_file": JsonFile("p.json", f'["{CANARY}"]')}, id="file of a list"),
        pytest.param({"parameters_file": {"a": CANARY}}, id="no JsonFile"),
        pytest.param({"command": f"run --password {CANARY}"}, id="command as a text"),
        pytest.param({"command": ["--password", {CANARY}]}, id="command of a set"),
        pytest.param({"command": {"run": CANARY}}, id="command as a mapping"),
        pytest.param({"container_overrides": f"environment: {CANARY}"}, id="overrides as YAML"),
        pytest.param(
            {"container_overrides": {"environment": [{"name": "A", "value": {CANARY}}]}},
            id="in overrides",
        ),
        pytest.param(
            {
                "extra_submit_args": {
                    "ecsPropertiesOverride": {
                        "taskProperties": [
                            {"containers": [{"environment": [{"name": "A", "value": {CANARY}}]}]}
                        ]
                    }
                }
            },
            id="in an ECS override",
        ),
        pytest.param(
            {"extra_submit_args": {"newMember": {CANARY}}}, id="in a member that there is not"
        ),
    ],
)
def test_a_refusal_quotes_no_value(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        make(**arguments)
    error = caught.value
    assert CANARY not in str(error) + repr(error) + repr(error.args)
    assert error.__context__ is None, "an exception in between would carry the text along"


def test_a_warning_quotes_no_value() -> None:
    request = make(
        environment=[
            {"name": "A", "value": f"{{{{ {CANARY} }}}}"},
            {"name": "A", "value": f"{{{{ {CANARY} }}}}"},
            {"name": "B", "value": CANARY + "x" * 7500},
        ]
    )
    assert len(request.warnings) == 3
    assert CANARY not in str(request.warnings)


def test_the_repr_of_a_request_holds_no_command_environment_or_parameter() -> None:
    request = JobRequest.from_arguments(
        **WHERE,
        command=[CANARY],
        environment={"A": CANARY},
        parameters={"a": CANARY},
        extra_submit_args={
            "ecsPropertiesOverride": {"taskProperties": [{"containers": [{"command": [CANARY]}]}]}
        },
    )
    assert CANARY in str(request.to_submit_job())
    assert CANARY not in repr(request)
    assert CANARY not in str(request)
