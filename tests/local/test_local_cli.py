"""``fargate-batch local``, as a process of its own."""

import argparse
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from airflow_fargate_batch.cli.local import EPILOG, add_arguments
from airflow_fargate_batch.local.faults import KINDS, parse_fault
from tests.patience import PATIENCE

START = """
import argparse
from airflow_fargate_batch.cli.local import add_arguments, run
parser = argparse.ArgumentParser()
add_arguments(parser)
raise SystemExit(run(parser.parse_args()))
"""


@pytest.fixture
def process(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    arguments = [sys.executable, "-c", START, *getattr(request, "param", ())]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        yield process
        process.kill()


def read_exports(process: subprocess.Popen[str]) -> tuple[str, dict[str, str]]:
    assert process.stdout is not None
    url, *lines = (process.stdout.readline().strip() for _ in range(8))
    return url, dict(line.removeprefix("export ").split("=", 1) for line in lines)


@pytest.mark.parametrize("process", [["--fault", "throttle:every=2"]], indirect=True)
def test_it_prints_what_to_export_and_ends_cleanly(
    process: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, exports = read_exports(process)
    assert exports["AWS_ENDPOINT_URL"] == url
    for name, value in exports.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    batch = boto3.session.Session().client("batch")
    queues = [queue["jobQueueName"] for queue in batch.describe_job_queues()["jobQueues"]]
    assert queues == [exports["AWS_BATCH_JOB_QUEUE"], "fair-share"]
    with pytest.raises(ClientError, match="Too Many Requests"):
        batch.describe_job_queues()
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()


def test_a_port_that_is_taken_is_said_in_words(process: subprocess.Popen[str]) -> None:
    url, _ = read_exports(process)
    port = url.rpartition(":")[2]
    second = subprocess.run(
        [sys.executable, "-c", START, "--port", port],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert second.returncode == 1
    assert second.stderr.startswith(f"Could not listen on 127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--fault", "nonsense"], "--fault: unknown fault 'nonsense'; the kinds are throttle, "),
        (["--fault", "throttle:every=x"], "--fault: 'every=x': every must be a number"),
        *(
            (["--speed", text], "--speed: must be a number greater than 0")
            for text in ("0", "x", "inf")
        ),
        *(
            (["--port", text], "--port: must be a number from 0 to 65535")
            for text in ("65536", "x")
        ),
        (["--port=-1"], "--port: must be a number from 0 to 65535"),
    ],
    ids=str,
)
def test_bad_usage_is_exit_code_2(
    wrong: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(wrong)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_the_highest_port_is_one() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert parser.parse_args(["--port", "65535"]).port == 65535


def test_the_help_names_every_kind_of_fault_and_its_examples_are_faults() -> None:
    listed = EPILOG.partition("kinds of faults:")[2]
    assert [kind for kind in KINDS if not re.search(rf"\b{kind}\b", listed)] == []
    examples = re.findall(r"--fault (\S+)", EPILOG)
    assert [parse_fault(example)[0] for example in examples] == ["cut_after", "lag"]


@pytest.mark.parametrize("process", [["--speed", "50", "--run-commands"]], indirect=True)
def test_what_it_prints_is_all_that_the_command_line_needs(
    process: subprocess.Popen[str],
) -> None:
    _, exports = read_exports(process)
    plain = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}

    def fargate_batch(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "airflow_fargate_batch", *words]
        return subprocess.run(
            command,
            env=plain | exports | variables,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    say = ["--command", '["echo", "hello"]']
    fair = ["--job-queue", "fair-share", "--share-identifier", "A", "--scheduling-priority", "1"]
    for queue in ([], fair):
        done = fargate_batch("submit", *say, *queue, "--wait")
        assert done.returncode == 0, done.stderr
        assert fargate_batch("logs", done.stdout.strip()).stdout.endswith("hello\n")
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        strange = fargate_batch("submit", *say, **{key: "local"})
        assert (strange.returncode, strange.stdout) == (1, ""), strange.stderr


@pytest.mark.parametrize("process", [["--run-commands"]], indirect=True)
def test_the_credentials_are_new_for_each_start_of_one_that_runs_commands(
    process: subprocess.Popen[str],
) -> None:
    _, exports = read_exports(process)
    assert len(exports["AWS_SECRET_ACCESS_KEY"]) >= 40
    command = [sys.executable, "-c", START, "--run-commands"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as second:
        _, others = read_exports(second)
        second.terminate()
    assert others["AWS_SECRET_ACCESS_KEY"] != exports["AWS_SECRET_ACCESS_KEY"]
