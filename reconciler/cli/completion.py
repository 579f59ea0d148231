"""`esp-reconcile completion`"""

from collections.abc import Mapping

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from reconciler.cli import options

PROGRAM = "esp-reconcile"
_SHELLS: Mapping[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command(
    epilog="""\b
Examples:
  eval "$(esp-reconcile completion bash)"
  esp-reconcile completion fish > ~/.config/fish/completions/esp-reconcile.fish
"""
)
@click.argument("shell", type=click.Choice([*_SHELLS]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the script that lets a shell complete commands, options, addresses and actions."""
    root = context.find_root().command
    script = _SHELLS[shell](root, {}, PROGRAM, "_ESP_RECONCILE_COMPLETE").source()
    options.say(script.rstrip("\n"))
    return 0
