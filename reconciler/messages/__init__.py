"""Messages and heartbeats: what a run tells people where they are, and a check that watches runs.

A failure to tell is a MessageFailed, which never decides a run's exit code.
"""

from reconciler.messages.heartbeat import Signal, beat, signal_for
from reconciler.messages.hooks import (
    KEY_VARIABLE,
    Hook,
    HookReference,
    parse_heartbeat,
    parse_notify,
    receiver_of,
    signing_key,
)
from reconciler.messages.message import Message
from reconciler.messages.sending import send

__all__ = [
    "KEY_VARIABLE",
    "Hook",
    "HookReference",
    "Message",
    "Signal",
    "beat",
    "parse_heartbeat",
    "parse_notify",
    "receiver_of",
    "send",
    "signal_for",
    "signing_key",
]
