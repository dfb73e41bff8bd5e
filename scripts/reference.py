"""Write docs/reference/ from docstrings, signatures and the parsers of the command line.

    python scripts/reference.py

A test reports pages that are not current.
"""

import ast
import inspect
import re
from argparse import SUPPRESS, Action, BooleanOptionalAction
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Final

from airflow_fargate_batch import decorators, exceptions, operators, sensors
from airflow_fargate_batch._airflow import metrics, xcom
from airflow_fargate_batch.cli import COMMANDS, module_of
from airflow_fargate_batch.cli._parser import Parser
from airflow_fargate_batch.core.job import Job

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
NOTE: Final = "<!-- written by scripts/reference.py -->"

MEMBERS: Final[Mapping[str, str]] = {
    "job_id": "id of the job",
    "job_name": "name of the job",
    "status": "state at the end; `DRY_RUN` for a dry run",
    "status_reason": "AWS's reason for the state",
    "exit_code": "exit code of the container",
    "reason": "AWS's reason of the container",
    "attempts": "number of attempts",
    "created_at": "time of the submit; all times are ISO 8601 in UTC",
    "started_at": "time of the start of the last attempt",
    "stopped_at": "time of the end",
    "vcpu": "number of vCPU",
    "memory": "memory in MiB",
    "log_streams": "log streams of the attempts",
    "cost": "cost of the job: see [Cost](../cost.md)",
    "use": "CPU and memory that the last attempt used at most, if Container Insights is on",
    "array": "of an array: `size`, `counts` by state, and `failed_indexes`",
    "failed_items": "with `items`: the items of failed children",
}
"""Meaning of each member of XCom ``job``."""


def pages() -> dict[str, str]:
    """Return the text of each page, by file name."""
    texts = {
        "operator.md": _operators(),
        "command-line.md": _command_line(),
        "exceptions.md": _exceptions(),
        "xcoms.md": _xcoms(),
        "metrics.md": _metrics(),
    }
    return {name: f"{NOTE}\n\n{text}\n" for name, text in texts.items()}


# --- Operator, sensor, decorators --------------------------------------------------------------


def _operators() -> str:
    classes = (
        operators.FargateBatchSubmitOperator,
        sensors.FargateBatchJobSensor,
        decorators.FargateBatchDecoratedOperator,
        decorators.FargateBatchCommandDecoratedOperator,
    )
    intro = (
        "# Arguments\n\nAll classes also take the arguments of Airflow's `BaseOperator`, the "
        "sensor those of `BaseSensorOperator`."
    )
    return "\n\n".join([intro, *map(_class, classes)])


def _class(cls: type) -> str:
    text, _, _ = _documentation(cls).partition(":param")
    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    arguments = (
        f"### `{name}`\n\n{_kind(parameters.get(name))}{meaning}"
        for name, meaning in _meanings(_documentation(cls))
    )
    return "\n\n".join([f"## {cls.__name__}", _markdown(text), *arguments])


def _kind(parameter: inspect.Parameter | None) -> str:
    """Return type and default of an argument, as a line of its own."""
    if parameter is None or parameter.annotation is inspect.Parameter.empty:
        return ""
    kind = inspect.formatannotation(parameter.annotation).replace("collections.abc.", "")
    given = "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"
    return f"`{kind.replace('datetime.', '')}{given}`\n\n"


def _meanings(text: str) -> Iterator[tuple[str, str]]:
    """Yield each ``:param`` of a docstring with its text."""
    for name, meaning in re.findall(r"^:param (\w+): (.*?)(?=^:|\Z)", text, re.M | re.S):
        yield name, _sentence(_markdown(meaning))


# --- The command line --------------------------------------------------------------------------


def _command_line() -> str:
    intro = (
        "# Commands\n\nA flag beats its variable, and a variable beats the default. "
        "`submit-fargate-job` is `fargate-batch submit`."
    )
    return "\n\n".join([intro, *map(_command, COMMANDS)])


def _command(name: str) -> str:
    parser = Parser(prog=f"fargate-batch {name}")
    import_module(module_of(name)).add_arguments(parser)
    shown = [each for each in parser.actions if each.help is not SUPPRESS]
    rows = [(_flag(each), _help(each, parser.prog)) for each in shown]
    title = f"## fargate-batch {name}"
    return f"{title}\n\n{_sentence(COMMANDS[name])}\n\n{_table(('flag', 'meaning'), rows)}"


def _flag(action: Action) -> str:
    names = action.option_strings or [str(action.metavar or action.dest)]
    if action.nargs == 0 or isinstance(action, BooleanOptionalAction) or not action.option_strings:
        return ", ".join(f"`{name}`" for name in names)
    value = action.metavar or "|".join(map(str, action.choices or ())) or action.dest.upper()
    return ", ".join(f"`{name} {value}`" for name in names)


def _help(action: Action, program: str) -> str:
    values = {**vars(action), "prog": program}
    return _code(" ".join(str((action.help or "") % values).split()))


def _code(text: str) -> str:
    """Mark flags and variables as code."""
    return re.sub(r"(?<![\w`'])(--[a-z][a-z-]+|\$[A-Z_]+)", r"`\1`", text.replace("<", "&lt;"))


# --- Exceptions, XComs, metrics -----------------------------------------------------------------


def _exceptions() -> str:
    classes = [
        each
        for each in vars(exceptions).values()
        if inspect.isclass(each) and issubclass(each, Exception)
    ]
    rows = [
        (f"`{each.__name__}`", f"`{each.__bases__[0].__name__}`", _about(each)) for each in classes
    ]
    intro = (
        "# Exceptions\n\nAll are in `airflow_fargate_batch.exceptions`. If no retry can help, a "
        "task raises a subclass that is also an `AirflowFailException`."
    )
    return f"{intro}\n\n{_table(('class', 'subclass of', 'meaning'), rows)}"


def _about(cls: type) -> str:
    text = _documentation(cls)
    attributes = text.partition("Attributes:\n")[2]
    listed = re.findall(r"^ {4}(\w+): (.*?)(?=^ {4}\w|\Z)", attributes, re.M | re.S)
    fields = "".join(f"<br>`{name}`: {_markdown(meaning)}" for name, meaning in listed)
    return _markdown(text.partition("Attributes:\n")[0]) + fields


def _xcoms() -> str:
    keys = _constants(xcom)
    members = [*Job.from_api({"jobId": "0", "arrayProperties": {"size": 2}}).to_summary()]
    rows = [(f"`{name}`", MEMBERS[name]) for name in [*members, "failed_items"]]
    return "\n\n".join(
        [
            "# XComs",
            _table(("key", "meaning"), keys),
            "## Members of XCom `job`",
            "A member that is not known is `None`.",
            _table(("member", "meaning"), rows),
        ]
    )


def _metrics() -> str:
    names = [row for row in _constants(metrics) if row[0].startswith("`fargate_batch.")]
    intro = "# Metrics\n\n[Metrics and lineage](../metrics.md) explains tags and names."
    return f"{intro}\n\n{_table(('metric', 'meaning'), names)}"


def _constants(module: ModuleType) -> list[tuple[str, str]]:
    """Return value and docstring of each constant of a module that is a text."""
    body = ast.parse(inspect.getsource(module)).body
    found = []
    for line, after in pairwise(body):
        if isinstance(line, ast.AnnAssign) and isinstance(after, ast.Expr):
            value = getattr(module, ast.unparse(line.target))
            text = ast.literal_eval(after.value)
            if isinstance(value, str):
                found.append((f"`{value}`", _markdown(text)))
    return found


# --- Markdown ----------------------------------------------------------------------------------


def _documentation(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "")


def _markdown(text: str) -> str:
    """Turn the marks of a docstring into Markdown's, and its lines into one for each paragraph."""
    paragraphs = (" ".join(each.split()) for each in re.split(r"\n\s*\n", text.strip()))
    text = "\n\n".join(paragraphs).replace("``", "`")
    return re.sub(r"(?<![\w*`])\*(\w+)\*(?![\w*])", r"`\1`", text)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\n+", "<br>", text).replace("|", r"\|")


if __name__ == "__main__":
    for file, page in pages().items():
        (FOLDER / file).write_text(page, encoding="utf-8")
