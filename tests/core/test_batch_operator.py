"""BatchOperator's arguments in ``default_args``: Airflow drops them without a word."""

from typing import Any

import pytest

from airflow_fargate_batch.core.batch_operator import lost_defaults


@pytest.mark.parametrize(
    ("default_args", "given", "lost"),
    [
        pytest.param({"overrides": {"a": 1}}, {}, {"overrides": {"a": 1}}, id="changes the job"),
        pytest.param({"max_retries": 5}, {}, {}, id="changes the wait only"),
        pytest.param({"overrides": None}, {}, {}, id="no value"),
        pytest.param(
            {"overrides": {"a": 1}},
            {"container_overrides": {"b": 2}},
            {},
            id="replaced",
        ),
        pytest.param(
            {"overrides": {"a": 1}},
            {"container_overrides": None},
            {"overrides": {"a": 1}},
            id="replaced by nothing",
        ),
        pytest.param({"vcpu": 1, "owner": "data"}, {}, {}, id="no argument of BatchOperator"),
    ],
)
def test_a_default_is_lost_if_it_would_change_the_job(
    default_args: dict[str, Any], given: dict[str, Any], lost: dict[str, Any]
) -> None:
    assert lost_defaults(default_args, given) == lost
