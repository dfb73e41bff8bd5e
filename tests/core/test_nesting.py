"""One guard against values that are nested too deeply."""

import json
from pathlib import Path
from typing import Any

import pytest

import airflow_fargate_batch
from airflow_fargate_batch.core import json_text
from airflow_fargate_batch.core.nesting import unless_too_deep


def test_a_value_too_deep_for_recursion_gives_the_other_answer() -> None:
    deep: list[Any] = []
    deep.append(deep)

    def levels(value: list[Any]) -> int:
        return 1 + max(map(levels, value), default=0)

    assert unless_too_deep(0, levels, [[], [[]]]) == 3
    assert unless_too_deep(0, levels, deep) == 0


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError):
        unless_too_deep(0, lambda: 1 // 0)


@pytest.mark.parametrize(
    "text", ["[" * 200_000, "{", "1" * 5000], ids=["deep", "cut", "a long number"]
)
def test_json_that_python_cannot_read_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        json_text.read(text)


def test_a_value_too_deep_for_json_is_a_value_error() -> None:
    deep: Any = "x"
    for _ in range(200_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        json_text.write(deep)
    assert json_text.write(json.loads("[[1]]")) == "[[1]]"


def test_no_other_module_handles_the_end_of_the_stack() -> None:
    package = Path(airflow_fargate_batch.__file__).parent
    handling = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if "RecursionError" in path.read_text()
    }
    # The runner is a text for the image, which does not have this package.
    assert handling == {"core/nesting.py", "core/_runner.py"}
