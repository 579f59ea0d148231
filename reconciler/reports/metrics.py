"""Prometheus's text format 0.0.4, for the textfile collector or a gateway.

A series that is 0 is told, so that an alert ends; of a run that knows nothing no counts are told,
so that it is not taken for one that found nothing. No label has more values than there are
providers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from reconciler.reports.escaping import label_value
from reconciler.reports.report import ACTIONS, CAUSES, Report

Labels = Mapping[str, str]
_STATES = ("in-sync", "drift", "pending", "partial", "error")


def report_as_metrics(report: Report) -> str:
    """Return gauges: when and how the run ended, and, if it knows, what it found."""
    lines = list(_run(report))
    if report.failure is None:
        lines += _found(report)
    return "\n".join(lines) + "\n"


def _run(report: Report) -> Iterable[str]:
    run, command = report.run, {"command": report.command}
    if run.version:
        yield from _gauge("build_info", "The version that ran.", [({"version": run.version}, 1)])
    if run.ended is not None:
        text = "When the last run ended, in seconds since 1970."
        yield from _gauge("last_run_timestamp_seconds", text, [(command, run.ended)])
        if report.failure is None:
            text = "When a run last knew what is live, in seconds since 1970."
            yield from _gauge("last_success_timestamp_seconds", text, [(command, run.ended)])
    if run.seconds is not None:
        text = "How long the last run took."
        yield from _gauge("run_duration_seconds", text, [(command, run.seconds)])
    if run.exit_code is not None:
        text = "The exit code of the last run."
        yield from _gauge("last_run_exit_code", text, [(command, run.exit_code)])
    if report.command == "drift":
        states = [({"state": each}, int(report.state == each)) for each in _STATES]
        yield from _gauge("drift_state", "What drift came to: 1 for the state it is.", states)


def _found(report: Report) -> Iterable[str]:
    providers = sorted(
        {*report.providers}
        | {entry.provider for entry in report.entries}
        | {each.path[0] for each in report.unmanaged if each.path}
        | {each.address.split("/")[0] for each in (*report.unread, *report.notes)}
    )
    yield from _changes(report, providers)
    unmanaged = Counter(each.path[0] for each in report.unmanaged if each.path)
    counts = [({"provider": each}, unmanaged[each]) for each in providers]
    yield from _gauge("unmanaged", "Live things that nothing declares.", counts)
    yield from _gauge(
        "refused", "Declarations that cannot be applied.", [({}, len(report.refused))]
    )
    if report.command == "drift":
        yield from _gauge("unread", "Things that could not be read.", [({}, len(report.unread))])
        ratio = report.coverage.get("ratio")
        if ratio is not None:
            text = "The part of what is live that is declared and was compared."
            yield from _gauge("coverage_ratio", text, [({}, ratio)])


def _changes(report: Report, providers: Iterable[str]) -> Iterable[str]:
    left = [entry for entry in report.entries if entry.outcome != "applied"]
    found = Counter((entry.provider, entry.action, entry.cause) for entry in left)
    causes = CAUSES if report.command == "drift" else ("",)
    series: list[tuple[Labels, float]] = []
    for provider in providers:
        for action in ACTIONS:
            for cause in causes:
                labels = {"provider": provider, "action": action} | (
                    {"cause": cause} if cause else {}
                )
                series.append((labels, found[provider, action, cause]))
    yield from _gauge("changes", "Differences of live from what is declared.", series)


def _gauge(name: str, text: str, series: Iterable[tuple[Labels, float]]) -> Iterable[str]:
    full = f"esp_reconcile_{name}"
    yield f"# HELP {full} {text}"
    yield f"# TYPE {full} gauge"
    for labels, value in series:
        told = ",".join(f'{key}="{label_value(each)}"' for key, each in labels.items())
        yield f"{full}{{{told}}} {value}" if told else f"{full} {value}"
