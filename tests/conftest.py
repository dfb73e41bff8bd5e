"""Isolation of every test from the AWS account and the Airflow of the person who runs the tests."""

import atexit
import gc
import logging
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from functools import cache
from importlib import import_module
from math import inf
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

# Airflow reads its home when it is first imported, so this cannot wait for a fixture.
_AIRFLOW_HOME = tempfile.TemporaryDirectory(prefix="airflow-home-")
os.environ |= {
    "AIRFLOW_HOME": _AIRFLOW_HOME.name,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_AIRFLOW_HOME.name}/airflow.db",
}

_AIRFLOWS = Path(__file__).parent / "airflow"

# A shell's background job ignores Ctrl-C, and so would the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

atexit.register(gc.freeze)  # the exit would collect all that the tests left


@pytest.fixture(scope="session", autouse=True)
def _botocore_works_once() -> Iterator[None]:
    """Do what is the same for each of some thousand clients once.

    Each would parse 2 MB of data files, and look up 200 names of events and signatures of
    handlers: two thirds of the time that it takes to make a client.
    """
    from botocore import session

    hooks: Any = import_module("botocore.hooks")
    names = hooks.EventAliaser._alias_event_name
    takes_kwargs = hooks.accepts_kwargs
    known_names: dict[str, str] = {}
    known_takes = cache(takes_kwargs)

    def name_of(events: object, name: str) -> str:
        if name not in known_names:
            known_names[name] = names(events, name)
        return known_names[name]

    def takes(handler: object) -> Any:  # methods belong to one client, and would stay with it
        known = isinstance(handler, FunctionType)
        return known_takes(handler) if known else takes_kwargs(handler)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "create_loader", cache(session.create_loader))
        patch.setattr(hooks.EventAliaser, "_alias_event_name", name_of)
        patch.setattr(hooks, "accepts_kwargs", takes)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave what the collection makes out of garbage collections, as it stays until the end.

    Each full collection would visit Airflow's modules, botocore's, and thousands of tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)  # with Python's 700, 10, 10 most find nothing
        gc.enable()


# Before pytest-xdist's own, which reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each file in one process, the longest first, and random inputs out of the coverage.

    Tests of a file share what it makes, loads and caches: apart they take a sixth more CPU. Real
    Airflows take longest, then files with many tests: the short ones at the end let all processes
    end together. The floor of the coverage must not hang on chance, and tests with random inputs
    would take three times as long.
    """
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: -inf if _AIRFLOWS in item.path.parents else -sizes[item.path])
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.name))
        if item.get_closest_marker("hypothesis"):
            item.add_marker("no_cover")


@pytest.fixture(autouse=True)
def _no_aws_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide credentials, regions, profiles and the metadata service; a test sets those it needs."""
    for name in [name for name in os.environ if name.startswith("AWS")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True)
def _no_prices_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the prices file of the person who runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", os.devnull)
    monkeypatch.delenv("FARGATE_BATCH_PRICES_FILE", raising=False)


@pytest.fixture(autouse=True)
def _open_loggers() -> None:
    """Reset loggers that tests read, because Airflow's set-up and our commands change them."""
    for name in ["airflow_fargate_batch", *logging.Logger.manager.loggerDict]:
        if name.startswith(("airflow_fargate_batch", "botocore")):
            logger = logging.getLogger(name)
            logger.disabled, logger.propagate, logger.handlers = False, True, []
            if logger.level != logging.NOTSET:  # setting it walks through all loggers
                logger.setLevel(logging.NOTSET)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape half surrogate pairs in captured output: the test processes exchange UTF-8 only."""
    report = yield
    report.sections = [(title, _escaped(text)) for title, text in report.sections]
    if report.longrepr is not None and (text := str(report.longrepr)) != _escaped(text):
        report.longrepr = _escaped(text)
    return report


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
