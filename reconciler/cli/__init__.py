"""The command line. Each command is a file of its own, imported only when it runs."""

import gc
import io
import resource
import sys
from itertools import pairwise
from typing import Any, ClassVar, NoReturn

import click

from reconciler import __version__
from reconciler.cli.colour import COLOUR, WHEN
from reconciler.cli.commands import Commands, loaded
from reconciler.cli.crash import write_crash_report
from reconciler.cli.interrupts import INTERRUPTED_EXIT, interrupt_at_once, leave
from reconciler.cli.options import even_unread, say_json, tell
from reconciler.cli.settings import Settings
from reconciler.cli.streams import give_up, prepare_streams
from reconciler.errors import Interrupted, ReconcileError, UsageError

USAGE_EXIT = UsageError.exit_code

EPILOG = """\b
Exit codes:
  0   done, or no changes
  1   error, or an apply of which nothing was applied
  2   changes present (only with --detailed-exitcode), or drift
  3   no drift, and declared changes that are not applied yet (only `drift`)
  4   refused: a guard, a stale plan, a field that cannot be changed, a secret when --untrusted
  5   applied in part, or looked at in part
  64  usage
  130 interrupted before anything was written

\b
Example:
  esp-reconcile --sandbox plan examples/esp.yaml
"""


class LazyGroup(Commands):
    """Knows its commands by name and short help, so that `--help` imports none of them."""

    table: ClassVar[dict[str, dict[str, tuple[str, str]]]] = {
        "Every day": {
            "validate": ("reconciler.cli.validate:validate", "Check the YAML; no key, no network."),
            "plan": ("reconciler.cli.plan:plan", "Read live and show what would change."),
            "apply": ("reconciler.cli.apply:apply", "Make the changes of a plan."),
            "drift": ("reconciler.cli.drift:drift", "Tell where live left what was applied."),
            "report": ("reconciler.cli.report:report", "Render the saved JSON of a run again."),
            "comment": (
                "reconciler.cli.comment:comment",
                "Keep the one comment of a pull request.",
            ),
            "explain": (
                "reconciler.cli.explain:explain",
                "Tell all about one address, field or kind.",
            ),
        },
        "Adopt": {
            "init": ("reconciler.cli.init:init", "Begin a repository for the configuration."),
            "import": (
                "reconciler.cli.importing:import_",
                "Declare what is live in YAML, in a new file or one that is there.",
            ),
            "schema": (
                "reconciler.cli.schema:schema",
                "Write the schema of the YAML, for editors.",
            ),
            "completion": (
                "reconciler.cli.completion:completion",
                "Print what lets a shell complete commands and addresses.",
            ),
        },
        "Operate": {
            "check": ("reconciler.cli.check:check", "Test the connection of each provider."),
            "status": ("reconciler.cli.status:status", "Show how each provider stands."),
            "domains": (
                "reconciler.cli.domains:domains",
                "List, hand over, diagnose and verify domains.",
            ),
            "send-test": (
                "reconciler.cli.send_test:send_test",
                "Send a test mail, and tell what becomes of it.",
            ),
            "validate-list": (
                "reconciler.cli.validate_list:validate_list",
                "Have a list of addresses validated, after free checks.",
            ),
            "render": (
                "reconciler.cli.render:render",
                "Write what a sending application needs.",
            ),
            "dashboard": (
                "reconciler.cli.dashboard:dashboard",
                "Show how the providers stand, as a page.",
            ),
            "run": ("reconciler.cli.run:run", "Carry out a one-off action, such as rotate-dkim."),
            "secrets": ("reconciler.cli.secrets:secrets", "Check, set, list or reveal secrets."),
        },
        "Try out": {
            "sandbox": ("reconciler.cli.sandbox:sandbox", "Serve or reset the sandbox."),
        },
    }

    def invoke(self, ctx: click.Context) -> Any:
        """Turn an interrupt into an abort here: click itself would print an empty line first."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.Abort from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self._commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        commands = self._commands()
        return loaded(commands[cmd_name][0]) if cmd_name in commands else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for purpose, commands in self.table.items():
            with formatter.section(purpose):
                formatter.write_dl([(name, text) for name, (_, text) in commands.items()])

    def _commands(self) -> dict[str, tuple[str, str]]:
        return {name: each for group in self.table.values() for name, each in group.items()}


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="esp-reconcile")
@click.option(
    "--sandbox/--no-sandbox",
    envvar="ESP_RECONCILE_SANDBOX",
    help="Talk to the embedded sandbox instead of the services.",
)
@click.option(
    "--sandbox-dir",
    type=click.Path(file_okay=False),
    default=".esp-sandbox",
    show_default=True,
    metavar="DIR",
    help="Where the sandbox keeps its state between commands.",
)
@click.option(
    "--untrusted",
    is_flag=True,
    envvar="ESP_RECONCILE_UNTRUSTED",
    help="Resolve no reference to a secret: for pull requests from strangers.",
)
@click.option(
    "--debug",
    is_flag=True,
    envvar="ESP_RECONCILE_DEBUG",
    help="Tell each request: METHOD, path, status, time.",
)
@click.option(
    "--connections",
    envvar="ESP_RECONCILE_CONNECTIONS",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    metavar="N",
    help="How many requests may be under way at once.",
)
@click.option(
    "--rate",
    envvar="ESP_RECONCILE_RATE",
    type=click.IntRange(1),
    metavar="N",
    help="How many calls a minute to begin with, for each credential; what the service answers "
    "raises or lowers it. By default 300 for Mailgun's domains and webhooks, else no limit.",
)
@click.option(
    "--color",
    type=click.Choice(WHEN),
    default="auto",
    show_default=True,
    help="When to colour: on terminals and in the logs of CI services that show it, by default.",
)
@click.pass_context
def group(ctx: click.Context, /, color: str, **settings: Any) -> None:
    """Keep Postmark and Mailgun accounts in line with what YAML in Git declares."""
    COLOUR.when = color
    ctx.obj = Settings(**settings)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the program and end the process with its exit code."""
    prepare_streams()
    _leave_no_core()
    _collect_seldom()
    interrupt_at_once()
    code = exit_code_of(sys.argv[1:] if arguments is None else arguments)
    try:
        sys.stdout.flush()
    except OSError:
        give_up(sys.stdout)
        code = code or 1
    if code == INTERRUPTED_EXIT:
        leave(code)
    # Else the interpreter looks through everything for circles once more, to end a moment later.
    gc.freeze()
    sys.exit(code)


def exit_code_of(arguments: list[str]) -> int:
    """Run the program and return its exit code."""
    try:
        code: Any = group.main(arguments, prog_name="esp-reconcile", standalone_mode=False)
    except click.ClickException as error:
        told = _where_it_stands(error) or error
        _tell_usage(told)
        code = USAGE_EXIT if isinstance(error, click.UsageError) else 1
        return _also_as_json(arguments, UsageError(told.format_message()), code)
    except click.Abort:
        tell("Interrupted.")
        return _also_as_json(arguments, Interrupted("interrupted"), INTERRUPTED_EXIT)
    except ReconcileError as error:
        for line in str(error).splitlines():
            tell(line if line.startswith("  ") else f"Error: {line}")
        return _also_as_json(arguments, error, error.exit_code)
    except OSError as problem:
        # Whoever reads our output has gone, or the disk is full; the files that the user names
        # are opened where their errors are known.
        tell(f"Error: standard output: {problem.strerror}")
        give_up(sys.stdout)
        return 1
    except Exception as bug:  # noqa: BLE001 - whatever it is, its message may hold anything
        report = write_crash_report(bug)
        fact = f"this is a bug in esp-reconcile ({type(bug).__name__}); {report}"
        tell(f"Error: {fact}")
        return _also_as_json(arguments, ReconcileError(fact), ReconcileError.exit_code)
    return code if isinstance(code, int) else 0


def _also_as_json(arguments: list[str], error: ReconcileError, code: int) -> int:
    """Print an error for who reads standard output with a parser, too; return the exit code."""
    pairs = {("--format", "json"), ("-f", "json")} & set(pairwise(arguments))
    wanted = bool(pairs or {"--format=json", "-fjson"} & set(arguments))
    if wanted:
        failure = {"type": type(error).__name__, "message": str(error), "exit_code": code}
        with even_unread():
            say_json({"format_version": "1", "error": failure})
    return code


def _where_it_stands(error: click.ClickException) -> click.UsageError | None:
    """Tell who puts an option of all commands after the command where it belongs."""
    of_all = {name for each in group.params for name in each.opts}
    if isinstance(error, click.NoSuchOption) and error.option_name in of_all:
        return click.UsageError(f"{error.option_name} stands before the command", error.ctx)
    return None


def _tell_usage(error: click.ClickException) -> None:
    text = io.StringIO()
    error.show(text)
    tell(text.getvalue().rstrip("\n"))


def _collect_seldom() -> None:
    """Look for garbage in circles less often: with 10,000 domains it took an eighth of the time."""
    gc.set_threshold(150_000, 20, 100)


def _leave_no_core() -> None:
    """Keep the system from writing our memory, secrets and all, to a file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
