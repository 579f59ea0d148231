"""A page to look at: what was read of the providers, as one HTML file that needs nothing else."""

from reconciler.dashboard.page import Documents, page_of

__all__ = ["Documents", "page_of"]
