"""``fargate-batch completion``: print the completion script for a shell."""

import argparse
from importlib import import_module
from typing import Final

from airflow_fargate_batch.cli import COMMANDS, PROGRAM, _console, module_of
from airflow_fargate_batch.cli._exit_codes import OK
from airflow_fargate_batch.cli._parser import Parser

EPILOG: Final = """\
examples:
  bash, in ~/.bashrc
    eval "$({prog} bash)"

  zsh, in ~/.zshrc after compinit
    eval "$({prog} zsh)"

The script completes commands, flags, values of flags with a fixed set of values, and file names.
exit codes: 0 done; 2 bad usage."""

ALIASES: Final = {"submit-fargate-job": "submit"}
"""Programs that run a single command, and the command's name."""

_ZSH: Final = "autoload -U +X bashcompinit && bashcompinit\n"

_SCRIPT: Final = """\
_fargate_batch() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} last=${{COMP_WORDS[COMP_CWORD-1]}} command words=
  case ${{COMP_WORDS[0]##*/}} in
{aliases}
    *) command=${{COMP_WORDS[1]}} ;;
  esac
  if [ "$command" = "${{COMP_WORDS[1]}}" ] && [ "$COMP_CWORD" -eq 1 ]; then
    words="{commands} --help --version"
  else
    case "$command $last" in
{choices}
      *)
        case $command in
{flags}
        esac
        case $word in -*) ;; *) words= ;; esac ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _fargate_batch {programs}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the argument SHELL and the examples."""
    parser.usage = "%(prog)s SHELL"
    parser.epilog = EPILOG.format(prog=parser.prog)
    parser.add_argument("shell", choices=("bash", "zsh"), metavar="SHELL", help="bash or zsh")


def run(arguments: argparse.Namespace) -> int:
    """Write the script."""
    _console.data(script(arguments.shell).rstrip("\n"))
    return OK


def script(shell: str) -> str:
    """Return the script for a shell; zsh runs the bash script by ``bashcompinit``."""
    actions = {command: _actions(command) for command in COMMANDS}
    text = _SCRIPT.format(
        aliases="\n".join(f"    {name}) command={one} ;;" for name, one in ALIASES.items()),
        commands=" ".join(COMMANDS),
        choices="\n".join(
            f'      "{command} {name}") words="{" ".join(map(str, action.choices))}" ;;'
            for command, known in actions.items()
            for action in known
            if action.choices
            for name in action.option_strings or (command,)
        ),
        flags="\n".join(
            f'          {command}) words="{" ".join(_names(known))}" ;;'
            for command, known in actions.items()
        ),
        programs=" ".join((PROGRAM, *ALIASES)),
    )
    return _ZSH + text if shell == "zsh" else text


def _actions(command: str) -> list[argparse.Action]:
    parser = Parser(prog=command)
    import_module(module_of(command)).add_arguments(parser)
    return parser.actions


def _names(actions: list[argparse.Action]) -> list[str]:
    return [name for each in actions for name in each.option_strings if name.startswith("--")]
