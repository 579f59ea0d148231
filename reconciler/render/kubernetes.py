"""Kubernetes: a ConfigMap with the settings, and the part of a container that reads it.

The token is in a Secret of the same name, under the name of its variable. Nothing that refers to it
holds it.
"""

from typing import Any

from reconciler.errors import UsageError
from reconciler.render.application import Application
from reconciler.render.quoting import Quoted, as_yaml
from reconciler.render.variables import heading, kept, variables


def configmap(application: Application, token: str | None) -> str:
    """Return a ConfigMap, and the Secret beside it if there is a token to write."""
    settings = {name: Quoted(value) for name, value in variables(application).items()}
    _check_no_nul(application, settings)
    documents = [{**_object(application, "ConfigMap"), "data": settings}]
    note = ""
    if token is None:
        variable = application.token_variable
        note = (
            f"# {variable}: {kept(application)}.\n"
            f"# It belongs into a Secret `{_name(application)}`, which `--as secret-refs` reads.\n"
        )
    else:
        content = {application.token_variable: Quoted(token)}
        documents.append(
            {**_object(application, "Secret"), "type": "Opaque", "stringData": content}
        )
    return f"# {heading(application)}\n{note}{as_yaml(*documents)}"


def secret_refs(application: Application, token: str | None) -> str:
    """Return what a container's `env` and `envFrom` are. Raises UsageError where it is a secret."""
    if token is not None:
        raise UsageError(
            "`--as secret-refs` writes references and no secret; leave out --with-secrets, or say "
            "`--as configmap`, which writes the Secret, too"
        )
    name, variable = _name(application), application.token_variable
    key = {"name": name, "key": variable}
    container = {
        "env": [{"name": variable, "valueFrom": {"secretKeyRef": key}}],
        "envFrom": [{"configMapRef": {"name": name}}],
    }
    return (
        f"# {heading(application)}: for a container of your Deployment.\n"
        f"# {variable} of the Secret `{name}`: {kept(application)}.\n"
        f"# The ConfigMap `{name}` is what `--as configmap` writes.\n{as_yaml(container)}"
    )


def _object(application: Application, kind: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": _name(application)}}


def _name(application: Application) -> str:
    """Return a name that objects may have: lower-case letters, digits and dashes."""
    return f"esp-{application.name.lower().replace('_', '-').rstrip('-')}"


def _check_no_nul(application: Application, settings: dict[str, Quoted]) -> None:
    for name, value in settings.items():
        if "\0" in value:
            raise UsageError(
                f"{application.location}: {name} holds a NUL, which no variable of an environment "
                "can hold; `--as json` holds any value"
            )
