"""`esp-reconcile sandbox`"""

import json
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.commands import Commands
from reconciler.cli.settings import Settings
from reconciler.sandbox import Sandbox
from reconciler.sandbox.serve import Urls
from reconciler.sandbox.serve import serve as serve_sandbox


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
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the state is kept (default: the --sandbox-dir).",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65533),
    default=8025,
    show_default=True,
    metavar="N",
    help="The first of three ports; 0 picks free ones.",
)
@options.as_format
@click.pass_obj
def serve(settings: Settings, state: Path | None, port: int, format_: str) -> None:
    """Serve Postmark, Mailgun US and Mailgun EU on three loopback ports until interrupted."""
    box = Sandbox(state or Path(settings.sandbox_dir))

    def ready(urls: Urls) -> None:
        options.say(_ready_line(box, urls, format_))

    serve_sandbox(box, port, ready)


def _ready_line(box: Sandbox, urls: Urls, format_: str) -> str:
    tokens = box.credentials
    key = tokens["mailgun_api_key"]
    ports = {
        "postmark": {
            "url": urls["postmark"],
            "server_token": tokens["postmark_server_token"],
            "account_token": tokens["postmark_account_token"],
        },
        "mailgun_us": {"url": urls["mailgun_us"], "api_key": key},
        "mailgun_eu": {"url": urls["mailgun_eu"], "api_key": key},
    }
    if format_ == "json":
        return json.dumps(ports)
    return "Sandbox ready: " + ", ".join(
        f"{name} " + " ".join(values.values()) for name, values in ports.items()
    )


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
