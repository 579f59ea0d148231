"""JSON, for whatever reads no other format: it holds any value."""

import json
from typing import Any

from reconciler.model import Reference
from reconciler.render.application import Application


def document(application: Application, token: str | None) -> str:
    held = {"value": token} if token is not None else _reference(application.token)
    data = {
        "format_version": "1",
        "provider": application.name,
        "service": application.service,
        "token": held,
        "sender": {"address": application.sender, "name": application.sender_name},
        "api_url": application.url,
        **_of_service(application),
        "batch_size": application.batch_size,
        "retry_attempts": application.retry_attempts,
        "timeout_seconds": application.seconds,
        "timeout_ms": application.milliseconds,
        "tracking": application.tracking,
    }
    return json.dumps(data, indent=2) + "\n"


def _of_service(application: Application) -> dict[str, Any]:
    if application.is_postmark:
        return {"message_stream": application.stream}
    return {
        "region": application.region,
        "domain": application.domain,
        "tag_prefix": application.tag_prefix,
        "testmode": application.testmode,
    }


def _reference(token: Reference | None) -> dict[str, Any] | None:
    """Return a reference as the YAML has it."""
    if token is None:
        return None
    if token.source == "sops":
        return {"sops": {"file": token.target, "key": token.key}}
    return {token.source: token.target}
