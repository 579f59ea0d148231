"""`esp-reconcile init`"""

import shlex
import sys
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.ci_files import FORGES, ci_files
from reconciler.cli.live_secrets import keep, naming, to_be_set
from reconciler.cli.new_provider import SCHEMA, Begun, NewProvider, account_options, begun
from reconciler.cli.progress import Progress
from reconciler.cli.scaffold import EXAMPLES, HOOKS, IGNORED, RULES
from reconciler.cli.settings import Settings
from reconciler.config import load_config
from reconciler.config.bundle import bundled_text
from reconciler.errors import SecretError, UsageError
from reconciler.files import write_below
from reconciler.library.importing import Imported, import_live
from reconciler.providers import SERVICES
from reconciler.secrets.age import age_recipient
from reconciler.source import printable

CONFIGURATION = "esp.yaml"
_ENCRYPTED = "secrets.sops.yaml"
_TOKENS = {"postmark": "env:POSTMARK_SERVER_TOKEN", "mailgun": "env:MAILGUN_API_KEY"}


@click.command(
    epilog="""\b
Examples:
  esp-reconcile init
  esp-reconcile init mail --service mailgun --token env:MAILGUN_API_KEY --region eu --yes
"""
)
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@account_options
@click.option(
    "--secrets",
    type=click.Choice(["env", "sops"]),
    help="Where live passwords go: variables to be set, or a file that sops encrypts.",
)
@click.option(
    "--ci",
    type=click.Choice(FORGES),
    default="none",
    show_default=True,
    help="Whose CI files to write: for pull requests, merges and nightly drift.",
)
@click.option("--yes", is_flag=True, help="Ask nothing; what is not said is as by default.")
@click.pass_obj
def init(
    settings: Settings,
    /,
    folder: Path,
    secrets: str | None,
    ci: str,
    yes: bool,  # noqa: FBT001
    **said: str | None,
) -> int:
    """Begin a repository for the configuration in DIR, by default here.

    If the token is at hand, what is live is imported. Nothing that is there is written over.
    """
    is_asked = not yes and sys.stdin.isatty()
    new = _asked(NewProvider(**said), is_asked=is_asked)
    store = secrets or (_ask("Keep secrets in", ["env", "sops"]) if is_asked else "env")
    _make(folder)
    files = {".gitignore": IGNORED, ".pre-commit-config.yaml": HOOKS, SCHEMA: bundled_text()}
    if store == "sops":
        recipient, key, is_new = age_recipient()
        files[".sops.yaml"] = RULES.format(recipient=recipient)
        which = "A new key" if is_new else "The key that is there"
        options.tell(f"{which} opens them, in {printable(str(key))}; keep a copy of it.")
    for name, text in [*files.items(), *ci_files(ci).items()]:
        _put(folder, PurePath(name), text)
    if (folder / CONFIGURATION).exists():
        options.tell(f"kept     {CONFIGURATION}: `import {CONFIGURATION}` adds to it")
    else:
        _put(folder, PurePath(CONFIGURATION), _configuration(settings, folder, new, store))
    config = load_config([folder / CONFIGURATION], SERVICES)
    there = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    verb = "plan" if config.desired else "import"
    options.say(f"Valid: {len(config.desired)} resources. Next: {there}esp-reconcile {verb}")
    return 0


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UsageError(f"{folder}: no folder can be made there: {problem.strerror}") from None


def _asked(new: NewProvider, *, is_asked: bool) -> NewProvider:
    """Return what was said, and what is asked for where it was not."""
    if not is_asked:
        service = new.service or "mailgun"
        if not new.service:
            options.tell(f"The service is {service}; --service names another.")
        return replace(new, service=service, token=new.token or _TOKENS[service])
    service = new.service or _ask("Service", sorted(SERVICES))
    token = new.token or click.prompt("Where is the token kept", default=_TOKENS[service], err=True)
    new = replace(new, service=service, token=token)
    if service == "mailgun" and not new.region:
        return replace(new, region=_ask("Region", ["us", "eu"]))
    if service == "postmark" and not new.account_token:
        where = "Where is the account token kept (- for none)"
        account = click.prompt(where, default="env:POSTMARK_ACCOUNT_TOKEN", err=True)
        return replace(new, account_token=None if account == "-" else account)
    return new


def _ask(question: str, answers: list[str]) -> str:
    chosen: str = click.prompt(question, type=click.Choice(answers), default=answers[0], err=True)
    return chosen


def _configuration(settings: Settings, folder: Path, new: NewProvider, kind: str) -> str:
    """Return the configuration: what is live, or no more than the provider without its token."""
    path = folder / CONFIGURATION
    store = folder / _ENCRYPTED if kind == "sops" else None
    start = begun((), path, new, force=True)
    try:
        found = _imported(settings, start, naming(store, path))
    except SecretError as error:
        options.tell(f"Nothing is imported yet: {error}. Once that is mended, `import` does it.")
        return start.texts[path] + EXAMPLES[str(new.service)]
    keep(found, store)
    for line in () if store else to_be_set(found):
        options.tell(line)
    for each in found.left_out:
        options.tell(f"Not declared: {printable(str(each))}.")
    return found.after[path]


def _imported(settings: Settings, start: Begun, refer: dict[str, Any]) -> Imported:
    with Progress("Reading live state") as progress:
        return import_live(start.texts, options_of(settings), **refer, progress=progress.come_to)


def _put(folder: Path, name: PurePath, text: str) -> None:
    """Write a file that is not there yet; tell which were."""
    try:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_below(folder.resolve(), name, text.encode(), new=True)
    except FileExistsError:
        options.tell(f"kept     {name}")
    except OSError as problem:
        raise UsageError(f"{folder / name}: {problem.strerror}") from None
    else:
        options.tell(f"written  {name}")
