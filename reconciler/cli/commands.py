"""Groups of commands that know what somebody meant who mistyped one."""

import importlib

import click


def loaded(place: str) -> click.Command:
    """Import a command by `module:name`: one does not wait for what another needs."""
    module, _, name = place.partition(":")
    command: click.Command = getattr(importlib.import_module(module), name)
    return command


class Commands(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is named. Raises click.UsageError, with the nearest or all."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415 - only who mistypes pays for it

            near = get_close_matches(args[0], known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known)}"
            ctx.fail(f"no such command `{args[0]}`; {hint}")
        return super().resolve_command(ctx, args)
