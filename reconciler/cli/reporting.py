"""`--report`: what a run came to, in as many formats as its readers want."""

import functools
import importlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from reconciler import __version__
from reconciler.cli import options
from reconciler.cli.continuous import Job, job_from
from reconciler.cli.github_files import SUMMARY, append, step_outputs
from reconciler.cli.outputs import check_output, write_output
from reconciler.engine.plandocument import as_json
from reconciler.errors import ReconcileError, UsageError
from reconciler.reports.documents import error_as_document, run_as_document
from reconciler.reports.reading import report_of
from reconciler.reports.report import Report, Run
from reconciler.reports.text import report_as_text

Command = Callable[..., int]
_RENDERERS: Mapping[str, str] = {
    "markdown": "reconciler.reports.markdown:report_as_markdown",
    "sarif": "reconciler.reports.sarif:report_as_sarif",
    "codequality": "reconciler.reports.codequality:report_as_codequality",
    "terraform": "reconciler.reports.terraform:report_as_terraform",
    "metrics": "reconciler.reports.metrics:report_as_metrics",
}
"""Pure functions of a report, imported only when they are asked for. `text` is what is printed,
`json` the document itself, and `github` several files.
"""
_NAMES = ("text", "json", "markdown", "github", "sarif", "codequality", "terraform", "metrics")
_IN_JSON = ("json", "sarif", "codequality", "terraform")
_SUMMARY = 1_000_000
"""GitHub takes a summary of 1,048,576 bytes for each step, and drops a longer one whole."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A report that was asked for; without a `file` it goes to standard output."""

    format: str
    file: Path | None = None

    @property
    def option(self) -> str:
        return f"--report {self.format}={self.file}"


class _ReportType(click.ParamType[Wanted]):
    name = "report"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Wanted:
        if isinstance(value, Wanted):
            return value
        format_, is_filed, file = value.partition("=")
        if format_ not in _NAMES:
            self.fail(f"{format_!r} is not one of {', '.join(_NAMES)}", param, ctx)
        if format_ == "github" and is_filed:
            self.fail("`github` writes to the files that GitHub's variables name", param, ctx)
        if is_filed and not file:
            self.fail(f"name the file: {format_}=FILE", param, ctx)
        return Wanted(format_, None if file in {"", "-"} else Path(file))


wanted = click.option(
    "--report",
    "reports",
    type=_ReportType(),
    multiple=True,
    metavar="FORMAT[=FILE]",
    help=f"Write a report besides; may be given several times. FORMAT is {', '.join(_NAMES)}.",
)


@dataclass
class Reporting:
    """The readers of one run; `began` is when it did, in seconds since 1970."""

    command: str
    reports: Sequence[Wanted]
    job: Job
    began: float = field(default_factory=time.time)

    def check(self, format_: str) -> None:
        """Raise UsageError for what cannot be written, before anything is done for it."""
        aloud = [each for each in self.reports if each.file is None and each.format != "github"]
        if len(aloud) > 1 or (aloud and format_ != "text"):
            raise UsageError(
                f"--report {aloud[-1].format}: only one report can go to standard output; "
                "name a file: FORMAT=FILE"
            )
        for each in self.reports:
            if each.file is not None:
                check_output(each.option, each.file)

    def show(
        self,
        text: str,
        document: Mapping[str, Any],
        format_: str,
        code: int,
        *,
        is_made: bool = False,
    ) -> None:
        """Print a result, and write all reports of it.

        What `is_made` is made even if nobody can be told of it. Raises UsageError.
        """
        with options.even_unread() if is_made else nullcontext():
            if not self.is_aloud and (text or format_ != "text"):
                options.show(text, document, format_)
            self.write(document, code, is_made=is_made)

    def show_saved(self, text: str, document: Mapping[str, Any], format_: str) -> None:
        """Print what was saved by a run, and write all reports of that. Raises UsageError."""
        if not self.is_aloud:
            options.show(text, document, format_)
        for each in self.reports:
            self._write(each, document)

    def write(self, document: Mapping[str, Any], code: int, *, is_made: bool = False) -> None:
        """Write all reports of a run that ended with `code`. Raises UsageError."""
        if not self.reports:
            return
        run = self._run(code)
        told = {**document, "run": run_as_document(run)}
        for each in self.reports:
            try:
                self._write(each, told)
            except UsageError as problem:
                if not is_made:
                    raise
                options.tell(f"Warning: {problem}; the exit code says what was done")

    def fail(self, error: ReconcileError) -> None:
        """Write all reports of a run that failed, as far as they can be written."""
        document = error_as_document(error, "" if self.command == "report" else self.command)
        self.write(document, error.exit_code, is_made=True)

    @property
    def is_aloud(self) -> bool:
        """Whether a report goes to standard output, so that nothing else may."""
        return any(each.file is None and each.format != "github" for each in self.reports)

    def _run(self, code: int) -> Run:
        ended = time.time()
        return Run(
            version=__version__,
            exit_code=code,
            ended=round(ended, 3),
            seconds=round(ended - self.began, 3),
            repository=self.job.repository,
            head=self.job.head,
            folder=self.job.folder,
        )

    def _write(self, each: Wanted, document: Mapping[str, Any]) -> None:
        if each.format == "github":
            self._tell_github(report_of(document, self.job.place))
            return
        text = self._rendered(each.format, document)
        if each.file is None:
            (options.say_json_text if each.format in _IN_JSON else options.say)(text.rstrip("\n"))
        else:
            write_output(each.option, each.file, text)

    def _rendered(self, format_: str, document: Mapping[str, Any]) -> str:
        if format_ == "json":
            return as_json(document) + "\n"
        if format_ == "text":
            return click.unstyle(report_as_text(report_of(document))) + "\n"
        module, _, name = _RENDERERS[format_].partition(":")
        render = getattr(importlib.import_module(module), name)
        report = report_of(document, self.job.place)
        text: str = render(report, self.job.links) if format_ == "markdown" else render(report)
        return text.rstrip("\n") + "\n"

    def _tell_github(self, report: Report) -> None:
        from reconciler.reports.github import annotations, outputs  # noqa: PLC0415 - few want it
        from reconciler.reports.markdown import report_as_markdown  # noqa: PLC0415

        for line in annotations(report):
            click.echo(line, err=True)
        summary = report_as_markdown(report, self.job.links, most=_SUMMARY, size=_in_bytes)
        append(SUMMARY, f"{summary}\n")
        step_outputs(outputs(report))


def _in_bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def reported(name: str) -> Callable[[Command], Command]:
    """Let a command write reports, of its failure as well; it is given a `Reporting`."""

    def decorate(command: Command) -> Command:
        @wanted
        @functools.wraps(command)
        def run(*arguments: Any, reports: tuple[Wanted, ...], **keywords: Any) -> int:
            reporting = Reporting(name, reports, job_from(os.environ))
            reporting.check(keywords.get("format_", "text"))
            try:
                return command(*arguments, reporting=reporting, **keywords)
            except ReconcileError as error:
                reporting.fail(error)
                raise
            except Exception:
                reporting.fail(ReconcileError("a bug in esp-reconcile; standard error says more"))
                raise

        return run

    return decorate
