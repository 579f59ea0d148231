"""HTTP to a service: clients, their secrets, when to try again, and what may be told.

What belongs here holds for any service. What one of them says or wants is its dialect's and its
session's business, in the folder of the service.
"""

from reconciler.providers.api.auth import SecretAuth, SecretHeader, SecretPassword
from reconciler.providers.api.base_urls import base_urls
from reconciler.providers.api.budget import Budget
from reconciler.providers.api.client import Dialect, Files, Form, Query, Reader, Writer
from reconciler.providers.api.connector import ClientT, Connector
from reconciler.providers.api.disclosure import KnownSecrets, content_as_text, safe_text, texts_in
from reconciler.providers.api.paging import all_pages

__all__ = [
    "Budget",
    "ClientT",
    "Connector",
    "Dialect",
    "Files",
    "Form",
    "KnownSecrets",
    "Query",
    "Reader",
    "SecretAuth",
    "SecretHeader",
    "SecretPassword",
    "Writer",
    "all_pages",
    "base_urls",
    "content_as_text",
    "safe_text",
    "texts_in",
]
