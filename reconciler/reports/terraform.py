"""GitLab's Terraform report: three numbers that a merge request shows, without any token."""

import json

from reconciler.reports.report import ACTIONS, Report

_HIGHEST = 999_999
"""What GitLab shows at most."""


def report_as_terraform(report: Report) -> str:
    """Return how many things are still to be created, updated and deleted."""
    left = [entry for entry in report.entries if entry.outcome != "applied"]
    counts = {action: sum(entry.action == action for entry in left) for action in ACTIONS}
    return json.dumps({action: min(count, _HIGHEST) for action, count in counts.items()})
