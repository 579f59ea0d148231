"""pytest looks here for what the suite says when it is through."""

from required import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]
