"""pytest looks here for what holds in the whole suite."""

from hypothesis import settings
from required import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]

# A machine that is busy with other things breaks no law; what hangs is ended by pytest.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")
