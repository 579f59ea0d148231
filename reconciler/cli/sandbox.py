"""`esp-reconcile sandbox`"""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.commands import Commands
from reconciler.cli.settings import Settings
from reconciler.errors import UsageError
from reconciler.sandbox import Sandbox
from reconciler.sandbox.serve import Urls
from reconciler.sandbox.serve import serve as serve_sandbox
from reconciler.web.serving import HOST

_NAMES = {"postmark": "Postmark", "mailgun_us": "Mailgun US", "mailgun_eu": "Mailgun EU"}
_state = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the state is kept (default: the --sandbox-dir).",
)
_port = click.option(
    "--port",
    type=click.IntRange(0, 65533),
    default=8025,
    show_default=True,
    metavar="N",
    help="The first of three ports; 0 picks free ones.",
)


@click.group(
    cls=Commands,
    epilog="""\b
Example:
  esp-reconcile sandbox serve --port 0
""",
)
def sandbox() -> None:
    """Serve or reset the sandbox: both services on this machine, without an account."""


@sandbox.command(
    short_help="Serve both services on three loopback ports.",
    epilog="""\b
Example:
  esp-reconcile sandbox serve --port 0 --format json
""",
)
@_state
@_port
@options.as_format
@click.pass_obj
def serve(settings: Settings, state: Path | None, port: int, format_: str) -> None:
    """Serve Postmark, Mailgun US and Mailgun EU on three loopback ports until interrupted."""
    box = Sandbox(state or Path(settings.sandbox_dir))

    def ready(urls: Urls) -> None:
        options.say(_as_json(box, urls) if format_ == "json" else _as_text(box, urls))

    serve_sandbox(box, port, ready)


def _as_json(box: Sandbox, urls: Urls) -> str:
    tokens = box.credentials
    key = tokens["mailgun_api_key"]
    return json.dumps(
        {
            "postmark": {
                "url": urls["postmark"],
                "server_token": tokens["postmark_server_token"],
                "account_token": tokens["postmark_account_token"],
            },
            "mailgun_us": {"url": urls["mailgun_us"], "api_key": key},
            "mailgun_eu": {"url": urls["mailgun_eu"], "api_key": key},
        }
    )


def _as_text(box: Sandbox, urls: Urls) -> str:
    """Return the addresses by name, and what to paste into a shell that is to use them."""
    lines = [f"{_NAMES[name]:12}{url}" for name, url in urls.items()]
    return "\n".join([*lines, "", *_exports(box, urls)])


def _exports(box: Sandbox, urls: Urls) -> Iterator[str]:
    """Yield shell commands that lead this program to the sandbox."""
    for name, url in urls.items():
        yield f"export ESP_RECONCILE_{name.upper()}_URL={url}"
    for name, token in box.credentials.items():
        yield f"export {name.upper()}={token}"


@sandbox.command(
    short_help="Print what leads a shell to a served sandbox.",
    epilog="""\b
Example:
  esp-reconcile sandbox serve & eval "$(esp-reconcile sandbox env)"
""",
)
@_state
@_port
@click.pass_obj
def env(settings: Settings, state: Path | None, port: int) -> None:
    """Print `export` lines that lead this program to a sandbox served on the same --port."""
    if not port:
        raise UsageError("--port 0 is no port; name the first one that `sandbox serve` told")
    urls = {name: f"http://{HOST}:{port + offset}" for offset, name in enumerate(_NAMES)}
    options.say("\n".join(_exports(Sandbox(state or Path(settings.sandbox_dir)), urls)))


@sandbox.command(
    short_help="Make the embedded sandbox as new.",
    epilog="""\b
Example:
  esp-reconcile sandbox reset
""",
)
@click.pass_obj
def reset(settings: Settings) -> None:
    """Forget everything that was done to the sandbox in --sandbox-dir; its tokens stay."""
    Sandbox(Path(settings.sandbox_dir), anew=True)
    options.tell(f"The sandbox in {settings.sandbox_dir} is as new.")
