"""`esp-reconcile render`"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.checks import check_names
from reconciler.cli.configuration import read_config
from reconciler.cli.outputs import (
    YAML_SUFFIXES,
    check_output,
    write_output,
    write_secret_output,
)
from reconciler.cli.settings import Settings
from reconciler.errors import Untrusted, UsageError
from reconciler.library.credentials import Need
from reconciler.model import Account, Config, Secret
from reconciler.render import TARGETS, application_of, rendered
from reconciler.source import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    provider: str
    target: str
    out: Path | None
    with_secrets: bool
    config_files: tuple[Path, ...]

    @property
    def option(self) -> str:
        """How a message about the file begins."""
        return printable(f"--out {self.out}")


@click.command(
    epilog="""\b
Examples:
  esp-reconcile render transactional --as dotenv
  esp-reconcile render marketing --as laravel --with-secrets --out .env
"""
)
@click.argument("provider")
@click.option(
    "--as",
    "target",
    type=click.Choice(list(TARGETS)),
    required=True,
    help="What reads it.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write it to a file, new or in the place of another, instead of to standard output.",
)
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Write the token itself: only with --out, into a file for its owner only.",
)
@options.config_files
@click.pass_obj
def render(settings: Settings, /, **said: Any) -> int:
    """Write what the application that sends through PROVIDER needs, in its framework's words.

    That is host, stream or domain, sender, batch size, retries, timeout, tag prefix and test mode.
    A reference says where the token is kept. Nothing is asked of the service.

    \b
    json         all of it; timeouts in seconds and in milliseconds
    dotenv, sh   variables ESP_PROVIDER_..., for a file and for `eval`
    configmap    a ConfigMap of Kubernetes with these variables
    secret-refs  the part of a container that reads it, and the token from a Secret
    anymail      settings of Django, for django-anymail
    laravel      lines for .env
    rails        Ruby for config/environments/production.rb
    symfony      config/packages/mailer.yaml, with the DSN
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    asked = _Asked(**said)
    if asked.with_secrets:
        _check_secrets_may_be_written(settings, asked)
    config = read_config(asked.config_files)
    check_names(config, [asked.provider])
    _check_out(config, asked)
    account = config.providers[asked.provider]
    token = _token(account) if asked.with_secrets else None
    _write(rendered(application_of(account), asked.target, token), asked)
    return 0


def _check_secrets_may_be_written(settings: Settings, asked: _Asked) -> None:
    if asked.out is None:
        raise UsageError("--with-secrets writes into a file only; name it with --out FILE")
    if settings.untrusted:
        raise Untrusted("--with-secrets needs secrets, and --untrusted resolves none")
    if settings.sandbox:
        raise UsageError(
            "--with-secrets writes real tokens, and --sandbox has stand-ins for them; leave out "
            "one of the two"
        )


def _check_out(config: Config, asked: _Asked) -> None:
    if asked.out is None:
        return
    sources = [Path(each.location.file) for each in config.providers.values()]
    check_output(asked.option, asked.out, [*sources, *asked.config_files], may_be_yaml=True)
    folders = {each.resolve() for each in asked.config_files if each.is_dir()}
    if asked.out.suffix in YAML_SUFFIXES and asked.out.parent.resolve() in folders:
        raise UsageError(
            f"{asked.option}: whatever is called so in this folder is read as configuration; "
            "name another folder"
        )


def _token(account: Account) -> Secret:
    """Return the token that the application sends with. Raises UsageError and SecretError."""
    reference = account.tokens.get("token")
    if reference is None:
        raise UsageError(
            f"{account.location}: {account.name} names no `token`, so that there is none to write; "
            "add a reference to it, or leave out --with-secrets"
        )
    return Need(f"{account.address}/token", reference, account.service.name).resolve()


def _write(text: str, asked: _Asked) -> None:
    if asked.out is None:
        _say(text, asked.target)
    elif asked.with_secrets:
        write_secret_output(asked.option, asked.out, text)
    else:
        write_output(asked.option, asked.out, text)


def _say(text: str, target: str) -> None:
    """Print it to the byte, unless terminals or CI services would take part of it as a command."""
    if target == "json":
        options.say_json_text(text.removesuffix("\n"))
    elif options.harmless(text) == text:
        click.echo(text, nl=False)
    else:
        raise UsageError(
            "part of this would be a command to a terminal or a CI service; --out FILE writes it"
        )
