"""What the sending application needs of a provider, in the words of what reads it.

A target is a pure function of an application, and of its token where that is to be written too.
"""

from collections.abc import Callable, Mapping

from reconciler.model import Secret
from reconciler.render.anymail import anymail
from reconciler.render.application import Application, application_of
from reconciler.render.document import document
from reconciler.render.dotenv import dotenv
from reconciler.render.kubernetes import configmap, secret_refs
from reconciler.render.laravel import laravel
from reconciler.render.rails import rails
from reconciler.render.shell import shell
from reconciler.render.symfony import symfony

__all__ = ["TARGETS", "Application", "application_of", "rendered"]

Target = Callable[[Application, str | None], str]
TARGETS: Mapping[str, Target] = {
    "json": document,
    "dotenv": dotenv,
    "sh": shell,
    "configmap": configmap,
    "secret-refs": secret_refs,
    "anymail": anymail,
    "laravel": laravel,
    "rails": rails,
    "symfony": symfony,
}


def rendered(application: Application, target: str, token: Secret | None = None) -> str:
    """Return an application for one of `TARGETS`, with its token or with a reference to it.

    Raises UsageError for what the target cannot hold.
    """
    return TARGETS[target](application, None if token is None else token.reveal())
