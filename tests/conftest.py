"""pytest looks here for what holds in the whole suite."""

import os

from hypothesis import settings
from required import pytest_terminal_summary

__all__ = ["pytest_terminal_summary", "pytest_xdist_auto_num_workers"]

# A machine that is busy with other things breaks no law; what hangs is ended by pytest.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")


def pytest_xdist_auto_num_workers() -> int:
    """Have three workers on two processors: a third of the time tests wait for other processes."""
    processors = os.cpu_count() or 1
    return processors + processors // 2
