"""The listing is the arrow: the import contracts hold, and each forbidden import breaks one."""

import ast
import json
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tests.short_lived import COLLECT_NOTHING

ROOT = Path(__file__).parents[1]
PACKAGE = "airflow_fargate_batch"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
LAYERS = [
    [module.strip() for module in layer.split("|")] for layer in CONTRACTS["contracts"][0]["layers"]
]
UNLAYERED = {f"{PACKAGE}.{name}" for name in ("_airflow",)}
"""Packages whose modules stand in layers of their own."""


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys, importlinter.cli as cli; sys.exit(cli.lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", COLLECT_NOTHING + code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_import_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_every_module_has_its_layer() -> None:
    layered = {module for layer in LAYERS for module in layer}
    package = ROOT / PACKAGE
    names = {
        f"{PACKAGE}.{path.stem}"
        for path in package.iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    }
    names |= {
        f"{PACKAGE}._airflow.{path.stem}"
        for path in (package / "_airflow").glob("*.py")
        if path.stem != "__init__"
    } | {f"{PACKAGE}._airflow.compat"}
    assert names - UNLAYERED == layered


def test_architecture_draws_every_package() -> None:
    drawing = (ROOT / "ARCHITECTURE.md").read_text()
    missing = [
        module
        for layer in LAYERS
        for module in layer
        if module.removeprefix(f"{PACKAGE}.").replace("_airflow.", "_airflow/") not in drawing
    ]
    assert not missing


def test_no_files_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=False)
    TopologicalSorter(
        {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    ).prepare()  # raises CycleError, with the circle


UPWARDS = [
    ("core/status.py", "aws.batch"),
    ("core/status.py", "watching"),
    ("core/status.py", "boto3"),
    ("core/request.py", "time"),
    ("exceptions.py", "core.job"),
    ("aws/batch.py", "submitting.submitter"),
    ("aws/batch.py", "local"),
    ("local/engine.py", "cli"),
    ("local/engine.py", "aws.batch"),
    ("watching/poller.py", "submitting.submitter"),
    ("watching/poller.py", "hooks"),
    ("submitting/submitter.py", "local"),
    ("submitting/submitter.py", "airflow"),
    ("hooks.py", "triggers"),
    ("hooks.py", "local"),
    ("triggers.py", "operators"),
    ("links.py", "hooks"),
    ("operators.py", "sensors"),
    ("operators.py", "local"),
    ("cli/submit.py", "hooks"),
    ("cli/submit.py", "airflow"),
]


LINT_EACH = """
import contextlib, io, json, pathlib, sys
from importlinter import cli
for file, line in json.load(sys.stdin):
    path = pathlib.Path(file)
    text = path.read_text()
    path.write_text(text + line)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = cli.lint_imports(no_cache=True)
    path.write_text(text)
    print(json.dumps([code, said.getvalue()]))
"""
UNSPOILED = ("core/status.py", "")


@pytest.fixture(scope="module")
def lints(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[int, str]]:
    """Return exit code and output for a copy of the package with each import more, one at a time.

    One process checks all, as loading import-linter takes longer than a check. The last check is
    of the copy as it was.
    """
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / PACKAGE, folder / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    lines = [(f"{PACKAGE}/{file}", f"\nimport {_full(module)}\n") for file, module in UPWARDS]
    lines.append((f"{PACKAGE}/{UNSPOILED[0]}", ""))
    done = subprocess.run(
        [sys.executable, "-c", COLLECT_NOTHING + LINT_EACH],
        cwd=folder,
        input=json.dumps(lines),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = [tuple(json.loads(line)) for line in done.stdout.splitlines()]
    return dict(zip([*UPWARDS, UNSPOILED], found, strict=True))


def _full(module: str) -> str:
    return module if module in {"boto3", "time", "airflow"} else f"{PACKAGE}.{module}"


@pytest.mark.parametrize("case", UPWARDS, ids=lambda case: "{} imports {}".format(*case))
def test_an_import_that_points_upwards_breaks_a_contract(
    lints: dict[tuple[str, str], tuple[int, str]], case: tuple[str, str]
) -> None:
    code, said = lints[case]
    assert code != 0
    assert "BROKEN" in said


def test_the_copy_without_such_an_import_breaks_none(
    lints: dict[tuple[str, str], tuple[int, str]],
) -> None:
    code, said = lints[UNSPOILED]
    assert code == 0, said


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        yield str(path.relative_to(ROOT / PACKAGE)), ast.parse(path.read_text())


def _is_type_variable(value: ast.expr | None) -> bool:
    called = value.func if isinstance(value, ast.Call) else None
    return isinstance(called, ast.Name) and called.id in {"TypeVar", "ParamSpec"}


def _names_of_types(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield the names of classes and aliases, and whether a name is a type variable."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name, False
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if name.strip("_")[:1].isupper() and not name.isupper():
                yield name, _is_type_variable(statement.value)


def test_a_name_of_a_type_names_one_thing() -> None:
    """Type variables mean nothing outside their function, so several modules may use a name."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    variables: defaultdict[str, list[str]] = defaultdict(list)
    for path, tree in _trees():
        for name, is_variable in _names_of_types(tree):
            (variables if is_variable else places)[name].append(path)
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert not twice
    assert not variables.keys() & places.keys()


def test_a_function_imported_without_its_module_has_its_name_alone() -> None:
    """``_console.text`` and ``read.text`` are two verbs; a bare ``text`` would not tell which."""
    places: defaultdict[str, set[str]] = defaultdict(set)
    imported: defaultdict[str, set[str]] = defaultdict(set)
    for path, tree in _trees():
        for statement in tree.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                places[statement.name].add(path)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
                module = (node.module or "").removeprefix(f"{PACKAGE}.").replace(".", "/")
                for alias in node.names:
                    imported[alias.name].add(f"{module}.py")
    twice = {
        name: both
        for name, found in places.items()
        if len(both := sorted(found & imported[name])) > 1
    }
    assert not twice


REPLACED = {
    "_clients.CLOCK",
    "_clients.LOOKUP_PATIENCE",
    "polling.POLL_TIMES",
    "boto3.DEFAULT_SESSION",
    "task_runner.SUPERVISOR_COMMS",
}
"""A command has no arguments but those that a user gives, so its times are constants of one module.
The last two are boto3's and Airflow's."""


def _replaced_constants(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        texts = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]
        if node.func.attr != "setattr" or not texts:
            continue
        target = str(texts[0])
        if target.rpartition(".")[2].isupper():
            yield target if "." in target else f"{ast.unparse(node.args[0])}.{target}"


def test_no_test_replaces_a_constant() -> None:
    """Times and limits are arguments or values of the code under test."""
    replaced = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in _replaced_constants(ast.parse(path.read_text()))
    }
    assert replaced == REPLACED
