"""What a report finds, by rule: names that stay, and words for who meets one first."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what it is about in short and in full, and the way out."""

    short: str
    full: str
    help: str


_YAML = "Correct the line; `esp-reconcile explain KIND` tells what a key takes."

RULES: Mapping[str, Rule] = {
    "yaml-syntax": Rule(
        "Not the YAML that is read here",
        "The file is no YAML, or uses what YAML 1.1 and 1.2 read differently: duplicate keys, "
        "aliases, tags, plain words such as `no`.",
        "Correct the line; quote what is text.",
    ),
    "unknown-key": Rule(
        "A key that nothing reads",
        "The schema knows no such key at this place: what stands under it would never be applied.",
        f"{_YAML} A key that is nearly right is named with the right one.",
    ),
    "wrong-value": Rule(
        "A value that the schema does not allow",
        "The value is of another type, not one of the allowed words, or out of its range.",
        _YAML,
    ),
    "missing-key": Rule(
        "A key is missing",
        "What is declared here cannot be read without this key.",
        "Add the key that the message names.",
    ),
    "profile": Rule(
        "A profile is not as it should be",
        "A profile is declared twice, unknown, unused, or no mapping.",
        "Declare the profile once, and name it where it is used.",
    ),
    "declared-twice": Rule(
        "Declared twice",
        "The same thing, or provider, is declared at two places; which of them holds is not clear.",
        "Keep one of the two.",
    ),
    "unreadable-file": Rule(
        "A file that cannot be read",
        "The configuration was not read as a whole, and so nothing is planned from it.",
        "Name a file or folder that is there, and make it readable.",
    ),
    "not-configuration": Rule(
        "Passed over",
        "A YAML file in a folder is no configuration: it has no `version: 1` and no `providers:`.",
        "Move it elsewhere, or begin it with `version: 1`.",
    ),
    "service-rule": Rule(
        "The service would refuse it",
        "What is declared contradicts itself, or what the service takes.",
        "The message says what holds, and what to write instead.",
    ),
    "expired-acceptance": Rule(
        "Accepted drift that is out of date",
        "An entry of accepted-drift.yaml is past its day, and accepts nothing any more.",
        "Look at the difference again; then remove the entry, or give it a later day.",
    ),
    "unmatched-acceptance": Rule(
        "Accepted drift that is none",
        "An entry of accepted-drift.yaml is about nothing that differs.",
        "Remove the entry, or correct its pattern.",
    ),
    "create": Rule(
        "To be created",
        "It is declared, and not there yet: an apply creates it.",
        "Nothing has to be done; review that it is wanted.",
    ),
    "update": Rule(
        "To be updated",
        "A field is live otherwise than it is declared: an apply sets it.",
        "Nothing has to be done; review that it is wanted.",
    ),
    "delete": Rule(
        "To be deleted",
        "An apply removes it, because the YAML says `ensure: absent`, or by --prune.",
        "Review it: some deletions cannot be undone. Take `ensure: absent` out to keep it.",
    ),
    "refused": Rule(
        "Cannot be applied",
        "The service changes no such field, or what a creation needs is missing. A plan with a "
        "refusal is not applied at all.",
        "The message says the way out.",
    ),
    "failed": Rule(
        "A change failed",
        "The service refused a change, or it could not be confirmed.",
        "The message has the service's answer; correct the cause, and apply again.",
    ),
    "skipped": Rule(
        "A change was skipped",
        "What it depends on failed, or the run was interrupted.",
        "Apply again once the cause is mended.",
    ),
    "overtaken": Rule(
        "Changed by another writer",
        "It was applied, and somebody else changed it before the run ended.",
        "Find out who else writes to the account, and apply again.",
    ),
    "drift": Rule(
        "Drift",
        "What is live is no longer what was applied: somebody changed it elsewhere.",
        "Apply again, or declare what is live.",
    ),
    "conflict": Rule(
        "Drift and a change of the configuration",
        "The configuration changed since it was applied, and what is live changed otherwise.",
        "Decide which of the values holds, and declare it.",
    ),
    "pending": Rule(
        "Declared and not applied",
        "The configuration changed since it was applied, and live is still as it was then.",
        "Apply it.",
    ),
    "unknown-difference": Rule(
        "A difference of unknown cause",
        "Live is not as declared; without the commit that was applied last nobody can tell why.",
        "Record what is applied by `apply --record-ref`, or name it by --base.",
    ),
    "unmanaged": Rule(
        "Unmanaged",
        "It is live, and nothing declares it.",
        "Declare it, which `import` does, or delete it by hand or by --prune.",
    ),
    "unread": Rule(
        "Could not be read",
        "The service did not answer for it, and so nothing is known of it.",
        "Run again; the message has what the service answered.",
    ),
    "error": Rule(
        "The run failed",
        "Nothing is known of what is live.",
        "The message says why, and the way out.",
    ),
}


def known(rule: str) -> str:
    """Return a rule's name; what a saved report says and nobody knows is of the service's."""
    return rule if rule in RULES else "service-rule"
