"""`esp-reconcile schema`"""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.config.bundle import DRAFTS, bundled_text
from reconciler.errors import UsageError


@click.command(
    epilog="""\b
Examples:
  esp-reconcile schema --out esp.schema.json
  esp-reconcile schema --draft 7
"""
)
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it here; else it is printed.",
)
@click.option(
    "--draft",
    type=click.Choice([*DRAFTS]),
    default="2020-12",
    show_default=True,
    help="The draft of JSON Schema; SchemaStore and older editors want 7.",
)
@click.option("--id", "url", default="", metavar="URL", help="Where it is published: its `$id`.")
def schema(out: Path | None, draft: str, url: str) -> int:
    """Write the JSON Schema of the YAML, in one file.

    An editor with yaml-language-server completes and checks by it once the YAML begins with
    `# yaml-language-server: $schema=esp.schema.json`.
    """
    if url and not url.startswith("https://"):
        raise UsageError(f"--id {url}: the https URL under which the schema is published is wanted")
    text = bundled_text(draft, url)
    if out is None:
        options.say(text.rstrip("\n"))
        return 0
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"--out {out}: {problem.strerror}") from None
    return 0
