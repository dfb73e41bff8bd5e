"""``fargate-batch completion``: what a shell offers after the tab key."""

import shutil
import subprocess
from pathlib import Path

import pytest

from airflow_fargate_batch.cli.completion import script
from tests.cli.conftest import Run

ASK = """
source {script}
COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_fargate_batch
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the script for bash."""
    file = tmp_path_factory.mktemp("completion") / "script"
    file.write_text(script("bash"))
    return file


def offered(bash: Path, words: str) -> list[str]:
    asked = ASK.format(script=bash, words=words)
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("fargate-batch s", ["submit", "status", "sizes"], id="a command"),
        pytest.param("fargate-batch submit --job-q", ["--job-queue"], id="a flag"),
        pytest.param(
            "submit-fargate-job --memo", ["--memory"], id="a flag of the older script, word 1"
        ),
        pytest.param("fargate-batch logs J --f", ["--follow"], id="a flag behind an id"),
        pytest.param("fargate-batch status J --output ''", ["table", "text", "json"], id="values"),
        pytest.param("fargate-batch completion z", ["zsh"], id="a shell"),
        pytest.param("fargate-batch submit --from-file j", [], id="a file: the shell's own"),
        pytest.param("fargate-batch nope --j", [], id="an unknown command"),
    ],
)
def test_bash_offers_what_fits(bash: Path, words: str, expected: list[str]) -> None:
    assert offered(bash, words) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_is_data(run: Run, shell: str) -> None:
    assert run("completion", shell) == (0, script(shell), "")


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_takes_the_script(tmp_path: Path) -> None:
    file = tmp_path / "script"
    file.write_text("autoload -U compinit && compinit -u\n" + script("zsh"))
    subprocess.run(["zsh", "-f", str(file)], check=True, env={"HOME": str(tmp_path)})
