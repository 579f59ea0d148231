"""`esp-reconcile domains`: a group of commands, each a file of its own, imported when it runs."""

from typing import ClassVar

import click

from reconciler.cli.commands import Commands, loaded


class _Lazy(Commands):
    """Knows its commands by name, so that one does not wait for what another needs."""

    table: ClassVar[dict[str, str]] = {
        "list": "reconciler.cli.domains.listing:list_",
        "records": "reconciler.cli.domains.records:records",
        "diagnose": "reconciler.cli.domains.diagnose:diagnose",
        "verify": "reconciler.cli.domains.verify:verify",
        "add": "reconciler.cli.domains.editing:add",
        "remove": "reconciler.cli.domains.editing:remove",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        return loaded(self.table[cmd_name]) if cmd_name in self.table else None


@click.group(
    cls=_Lazy,
    epilog="""\b
Examples:
  esp-reconcile domains list
  esp-reconcile domains records mg.example.com --format bind
  esp-reconcile domains diagnose mg.example.com
  esp-reconcile domains verify mg.example.com --wait 30m
""",
)
def domains() -> None:
    """List sending domains, hand their DNS records over, diagnose and verify them."""
