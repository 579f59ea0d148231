"""What is remembered of a job: whole and without addresses, or as good as lost."""

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.lists.jobs import Job

DIGEST = "0" * 64
JOB = Job.begun(DIGEST, [1, 500], is_preview=False)
DATA: dict[str, Any] = {**JOB.as_data()}


def test_a_job_is_read_as_it_was_kept() -> None:
    marked = replace(JOB.marked(JOB.parts[1], is_asked_for=True), is_preview=True, is_done=True)
    assert Job.of(json.loads(json.dumps(marked.as_data()))) == marked
    assert [part.is_asked_for for part in marked.parts] == [False, True]
    assert marked.may_be_paid
    assert not JOB.may_be_paid


def test_parts_follow_each_other_and_no_id_is_drawn_twice() -> None:
    first, second = JOB.parts
    assert (first.first, first.end, second.first) == (1, 500, 500)
    assert Job.begun(DIGEST, [1], is_preview=False).parts[0].id != first.id != second.id


@pytest.mark.parametrize(
    "change",
    [
        {"parts": []},
        {"parts": None},
        {"parts": [["../../domains", 1, True]]},
        {"parts": [[DATA["parts"][0][0], 5, True], [DATA["parts"][1][0], 1, True]]},
        {"parts": [[DATA["parts"][0][0], "x", True]]},
        {"parts": [[1, 2]]},
        {"digest": "x"},
        {"digest": None},
        {"at": "2026-11-27T12:00:00"},
        {"at": "today"},
    ],
)
def test_what_was_tampered_with_is_as_good_as_lost(change: dict[str, Any]) -> None:
    assert Job.of(DATA) == JOB
    assert Job.of({**DATA, **change}) is None
    assert Job.of(None) is None
