"""What only a process of its own shows: imports, pipes, closed streams, signals."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.cli.conftest import BIN, shell
from tests.patience import PATIENCE

DRY_RUN = """
import sys
from airflow_fargate_batch.cli import submit_fargate_job
code = submit_fargate_job(["--dry-run", "--vcpu", "1", "--memory", "2048"])
print(code, *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def test_a_dry_run_imports_nothing_but_the_standard_library() -> None:
    outcome = shell("python", "-c", DRY_RUN)
    code, *imported = outcome.err.splitlines()[-1].split()
    assert code == "0"
    assert json.loads(outcome.out)["jobName"]
    assert not {"airflow", "boto3", "botocore", "rich", "moto", "logging"} & set(imported)
    assert set(imported) - sys.stdlib_module_names <= {"airflow_fargate_batch", "__main__"} | {
        name for name in imported if name.startswith("_")
    }


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["fargate-batch", "submit"], id="fargate-batch submit"),
        pytest.param(["submit-fargate-job"], id="submit-fargate-job"),
        pytest.param(["python", "-m", "airflow_fargate_batch", "submit"], id="python -m"),
    ],
)
def test_each_entry_point_returns_its_exit_code(words: list[str]) -> None:
    assert shell(*words, "--dry-run").code == 0
    assert shell(*words, "--vcpu", "3").code == 2


def test_a_stdout_without_unicode_gets_the_same_json_in_ascii() -> None:
    environment = {"PYTHONIOENCODING": "ascii"}
    words = ("--environment", '{"NAME": "値"}', "--dry-run")
    outcome = shell("submit-fargate-job", *words, env=environment)
    assert outcome.out.isascii()
    assert json.loads(outcome.out)["containerOverrides"]["environment"][0]["value"] == "値"


def test_bytes_that_are_no_text_are_a_problem_and_not_a_crash() -> None:
    outcome = shell("submit-fargate-job", "--environment", '{"A": "\udcff"}')
    assert outcome.code == 2
    assert "Traceback" not in outcome.err


needs_dev_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")


def _in_shell(line: str) -> tuple[int, str]:
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    environment.pop("PYTHONUNBUFFERED", None)  # with it, Python never fails on a buffer at its end
    done = subprocess.run(
        ["bash", "-c", line],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "code", "output"),
    [
        pytest.param(
            "set -o pipefail; fargate-batch sizes | true", 0, "", id="a reader who left early"
        ),
        pytest.param(
            "set -o pipefail; fargate-batch submit --help | true", 0, "", id="nor reads the help"
        ),
        pytest.param("fargate-batch sizes >&-", 0, "", id="no stdout"),
        pytest.param(
            "fargate-batch sizes --memory 249856 2>&-",
            0,
            "32\t249856\tLinux\t1.4.0\n",
            id="no stderr: talk does not become data",
        ),
        pytest.param(
            "fargate-batch sizes >/dev/full",
            1,
            "error: Could not write the output: No space left on device\n",
            id="a full disk",
            marks=needs_dev_full,
        ),
    ],
)
def test_streams_that_fail_make_no_traceback(line: str, code: int, output: str) -> None:
    assert _in_shell(line) == (code, output)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    """Give a LocalBatch whose time passes, and jobs named ``bad`` that end with 5."""
    with LocalBatch(speed=50) as aws:
        aws.script(name="bad", exit_code=5)
        for name, value in aws.environ.items():
            monkeypatch.setenv(name, value)
        yield aws


IMPATIENT = """
import sys, time
from airflow_fargate_batch.cli import _clients, main
from airflow_fargate_batch.submitting.retrying import Timing
_clients.CLOCK = Timing(now=lambda: time.monotonic() * 100, sleep=lambda s: time.sleep(s / 100))
sys.exit(main())
"""


@pytest.fixture
def impatient(tmp_path: Path) -> Path:
    """Give a ``fargate-batch`` whose pauses are a hundred times as short."""
    program = tmp_path / "impatient"
    program.write_text(f"#!{sys.executable}\n{IMPATIENT}")
    program.chmod(0o755)
    return program


NOBODY_READS = [
    pytest.param("| true", id="a reader who left"),
    pytest.param("2>&1 >/dev/null | true", id="a reader of stderr who left"),
    pytest.param("2>&1 | true", id="a reader of both who left"),
    pytest.param(">&-", id="no stdout"),
    pytest.param("2>&-", id="no stderr"),
    pytest.param(">&- 2>&-", id="neither"),
    pytest.param("2>/dev/full", id="a full disk for stderr", marks=needs_dev_full),
]
"""What becomes of a command's output."""


@pytest.mark.parametrize("reader", NOBODY_READS)
@pytest.mark.parametrize(("name", "code"), [("good", 0), ("bad", 1)])
def test_a_wait_lasts_to_the_jobs_end_whoever_reads(
    live: LocalBatch, impatient: Path, reader: str, name: str, code: int
) -> None:
    line = f"set -o pipefail; {impatient} submit --wait --poll-interval 20 --job-name {name}"
    returned, _ = _in_shell(f"{line} {reader}")
    assert returned == code
    assert [job["status"] for job in live.jobs] == ["FAILED" if code else "SUCCEEDED"]


@pytest.mark.parametrize("reader", [*NOBODY_READS, pytest.param("| head -1", id="who reads one")])
def test_every_line_of_a_file_is_submitted_whoever_reads(
    live: LocalBatch, tmp_path: Path, impatient: Path, reader: str
) -> None:
    file = tmp_path / "sixty.jsonl"
    file.write_text("".join(f'{{"job_name": "job-{number}"}}\n' for number in range(60)))
    line = f"set -o pipefail; {impatient} submit --from-file {file}"
    assert _in_shell(f"{line} {reader}")[0] == 0
    assert len(live.jobs) == 60


def test_a_terminal_that_is_gone_ends_no_wait(live: LocalBatch) -> None:
    screen, terminal = pty.openpty()
    words = ["submit", "--wait", "--poll-interval", "0.2", "--job-name", "good"]
    with subprocess.Popen(
        [BIN / "fargate-batch", *words],
        env={**os.environ, "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        os.read(screen, 1)  # it has begun to talk
        os.close(screen)
        out, _ = process.communicate(timeout=PATIENCE)
    assert out.decode() == f"{live.jobs[0]['jobId']}\n"
    assert live.jobs[0]["status"] == "SUCCEEDED"
    assert process.returncode == 0


@needs_dev_full
def test_the_ids_of_jobs_that_a_full_disk_does_not_take_are_said(
    live: LocalBatch, tmp_path: Path, impatient: Path
) -> None:
    file = tmp_path / "three.jsonl"
    file.write_text('{"job_name": "one"}\n{"job_name": "two"}\n{"job_name": "three"}\n')
    code, output = _in_shell(f"{impatient} submit --from-file {file} >/dev/full")
    assert code == 1
    assert output.count("error: Could not write the output") == 1
    for job in live.jobs:
        assert f"Job id: {job['jobId']} ({job['jobName']})\n" in output


def test_an_answer_stays_the_truth_although_nobody_reads_it() -> None:
    assert _in_shell("set -o pipefail; fargate-batch sizes --vcpu 3 | true")[0] == 1


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    "reader",
    [
        pytest.param("head -1", id="one that leaves while lines are written"),
        pytest.param("head -500", id="one that leaves after the last line"),
    ],
)
def test_nobody_who_reads_a_log_ends_following_it(live: LocalBatch, reader: str) -> None:
    live.script(name="talks", log=[f"line {number}" for number in range(500)], runtime=36000)
    job = shell("fargate-batch", "submit", "--job-name", "talks").out.strip()
    line = f"set -o pipefail; fargate-batch logs {job} --follow --poll-interval 0.2 | {reader}"
    assert _in_shell(line)[0] == 0
    assert live.jobs[0]["status"] == "RUNNING"


@needs_dev_full
@pytest.mark.usefixtures("aws")
def test_a_job_id_that_cannot_be_written_is_said() -> None:
    code, output = _in_shell("fargate-batch submit >/dev/full")
    assert code == 1
    assert re.search("error: Could not write the.*\nJob id: [0-9a-f-]{36}\n", output)


@pytest.mark.usefixtures("aws")
def test_a_job_id_that_nobody_would_read_is_said() -> None:
    code, output = _in_shell("fargate-batch submit >&-")
    assert code == 0
    assert re.search("^Job id: [0-9a-f-]{36}$", output, re.MULTILINE)


def test_ctrl_c_is_130_without_a_traceback() -> None:
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "ap-northeast-1",
    }
    process = subprocess.Popen(
        [BIN / "submit-fargate-job", "--endpoint-url", "http://127.0.0.1:1"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr
        first = process.stderr.readline()  # it talks once it waits to try again
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "will retry for up to 45 s" in first
    assert out == ""
    assert "error: interrupted" in err
    assert "Traceback" not in err


def test_a_terminal_gets_bars_above_which_the_rest_is_said(aws: LocalBatch) -> None:
    aws.script(starts=False)
    array = shell("fargate-batch", "submit", "--array-size", "20").out.strip()
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [BIN / "fargate-batch", "wait", array, "--poll-interval", "0.1"],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    )
    os.close(terminal)
    shown = b""
    with process, os.fdopen(screen, "rb", buffering=0) as reader:
        with suppress(OSError):  # how Linux says that nobody writes any more
            while chunk := reader.read(4096):
                shown += chunk
                aws.advance(2)
        out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (1, f"{array}\tFAILED\t\n")
    text = shown.decode()
    assert "0/1 " in text
    *_, last = text.split("What to do: ")
    assert re.search(r"jobs .*1/1 .*1 FAILED", last)
    assert re.search(r"children .*20/20 .*20 FAILED", last)
