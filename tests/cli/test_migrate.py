"""``fargate-batch migrate``: a diff on stdout, ``--write``, and what goes wrong."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run

DATA = Path(__file__).parents[1] / "data" / "migrate"
NEEDED = "the extra [migrate] is not installed"
CALL = """\
from airflow.providers.amazon.aws.operators.batch import BatchOperator

BatchOperator(task_id="a", job_name="a", job_queue="q", job_definition="d"{more})
"""


@pytest.fixture
def dag_file(tmp_path: Path) -> Path:
    pytest.importorskip("libcst", reason=NEEDED)
    return Path(shutil.copy(DATA / "sensor_by_template.py", tmp_path))


def test_the_diff_is_what_patch_needs_to_write_the_same_file(run: Run, dag_file: Path) -> None:
    before = dag_file.read_bytes()
    shown = run("migrate", str(dag_file))
    assert (shown.code, dag_file.read_bytes()) == (0, before)
    run("migrate", "--write", str(dag_file))
    written = dag_file.read_bytes()
    dag_file.write_bytes(before)
    patch = ["patch", "-p1", "--quiet", "--directory=/", "--fuzz=0"]
    subprocess.run(patch, input=shown.out, text=True, check=True)
    assert dag_file.read_bytes() == written != before


def test_notes_name_the_line_of_the_old_file(run: Run, dag_file: Path) -> None:
    line = 1 + dag_file.read_text().splitlines().index("wait = BatchSensor(")
    shown = run("migrate", str(dag_file))
    note = "max_retries=10 is left out: use `timeout`, in seconds"
    assert f"{dag_file}:{line}: {note}\n" in shown.err
    assert f"+# fargate-batch migrate: {note[:40]}" in shown.out
    assert "2 calls to rewrite (--write changes the file)" in shown.err


def test_a_written_file_keeps_its_mode_and_its_link(run: Run, dag_file: Path) -> None:
    link = dag_file.with_name("link.py")
    link.symlink_to(dag_file)
    dag_file.chmod(0o640)
    assert run("migrate", "--write", str(link)).code == 0
    assert link.is_symlink()
    assert dag_file.stat().st_mode & 0o777 == 0o640
    assert "FargateBatchSubmitOperator" in dag_file.read_text()
    assert sorted(path.name for path in dag_file.parent.iterdir()) == [
        "link.py",
        "sensor_by_template.py",
    ]


def test_encoding_and_line_ends_are_kept(run: Run, dag_file: Path) -> None:
    text = '# -*- coding: latin-1 -*-\nNAME = "Zürich"\n' + CALL.format(more=", overrides={}")
    dag_file.write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
    assert run("migrate", "--write", str(dag_file)).code == 0
    written = dag_file.read_bytes()
    assert "Zürich".encode("latin-1") in written
    assert written.count(b"\n") == written.count(b"\r\n") > 4


def test_a_byte_order_mark_is_kept(run: Run, dag_file: Path) -> None:
    dag_file.write_bytes(b"\xef\xbb\xbf" + CALL.format(more="").encode())
    assert run("migrate", "--write", str(dag_file)).code == 0
    assert dag_file.read_bytes().startswith(b"\xef\xbb\xbffrom airflow_fargate_batch.operators ")


def test_the_same_note_about_several_calls_is_one_line(run: Run, dag_file: Path) -> None:
    dag_file.write_text(3 * CALL.format(more=", max_retries=9"))
    shown = run("migrate", str(dag_file))
    note = "max_retries=9 is left out: use `wait_timeout` (also in lines 6, 9)"
    assert shown.err.count("warning:") == 1
    assert f"{dag_file}:3: {note}\n" in shown.err
    assert shown.out.count("+# fargate-batch migrate: max_retries=9 is left out") == 3


def test_a_file_without_a_last_line_end_makes_a_diff_too(run: Run, dag_file: Path) -> None:
    dag_file.write_text(CALL.format(more="").rstrip())
    shown = run("migrate", str(dag_file))
    patch = ["patch", "-p1", "--quiet", "--directory=/"]
    subprocess.run(patch, input=shown.out, text=True, check=True)
    assert dag_file.read_text().endswith("wait_for_completion=True)")


def test_an_error_in_one_file_leaves_the_others(run: Run, dag_file: Path) -> None:
    broken, missing = dag_file.with_name("broken.py"), dag_file.with_name("missing.py")
    broken.write_text("def f(:\n")
    words = ["--write", *map(str, (broken, missing, dag_file.parent, dag_file))]
    outcome = run("migrate", *words)
    assert outcome.code == 1
    assert f"{broken} is not valid Python: line 1, column 7: " in outcome.err
    assert f"{missing} cannot be read: No such file" in outcome.err
    assert f"{dag_file.parent} is a directory, not a file" in outcome.err
    assert broken.read_text() == "def f(:\n"
    assert "FargateBatchSubmitOperator" in dag_file.read_text()


def test_a_file_that_cannot_be_written_is_an_error(run: Run, dag_file: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "replace", _full)
        outcome = run("migrate", "--write", str(dag_file))
    assert (outcome.code, outcome.out) == (1, "")
    assert f"{dag_file} cannot be written: No space left on device" in outcome.err
    assert [path.name for path in dag_file.parent.iterdir()] == [dag_file.name]


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("text", "said"),
    [("import os\n", "no BatchOperator and no BatchSensor"), ("", "no BatchOperator and no")],
    ids=["another file", "an empty file"],
)
def test_nothing_to_rewrite_is_an_error(run: Run, dag_file: Path, text: str, said: str) -> None:
    dag_file.write_text(text)
    outcome = run("migrate", str(dag_file))
    assert (outcome.code, outcome.out) == (1, "")
    assert said in outcome.err
    assert "airflow.providers.amazon.aws" in outcome.err


def test_a_file_without_batch_operator_beside_others_is_only_noted(
    run: Run, dag_file: Path
) -> None:
    other = dag_file.with_name("other.py")
    other.write_text("import os\n")
    outcome = run("migrate", str(other), str(dag_file))
    assert outcome.code == 0
    assert f"{other}: no BatchOperator and no BatchSensor; the file is unchanged" in outcome.err


def test_without_libcst_the_extra_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_fargate_batch.cli.migrate.find_spec", lambda _: None)
    outcome = run("migrate", "dag.py")
    assert (outcome.code, outcome.out) == (2, "")
    assert "pip install 'airflow-fargate-batch[migrate]'" in outcome.err


def test_no_file_is_bad_usage(run: Run) -> None:
    assert run("migrate").code == 2
