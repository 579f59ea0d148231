"""The fields of a domain (mailgun.md §4.2, §4.6, §4.7)."""

from collections.abc import Callable
from typing import Any

from reconciler.fields import FLAG, HOST, NUMBER, Codec, Field, FieldTable, text, text_or_nothing
from reconciler.model import Resource
from reconciler.providers.urls import shown_url

PASSWORD = "smtp_password"  # noqa: S105 - a field's name
MAIL_FROM = "mailfrom_host"
ARCHIVE = "archive_to"
SCHEME, PREFIX = "web_scheme", "web_prefix"
AUTHORITY = "force_dkim_authority"
AUTOMATIC = "use_automatic_sender_security"
KEY_SIZE = "dkim_key_size"
DKIM_HOSTS = {"force_root_dkim_host", "dkim_host_name"}
_ONCE = "support alone can change it, or a new domain; take it off the YAML to leave it as it is"

SWITCH = Codec(FLAG.read, lambda value: "true" if value else "false")
WORD = Codec(lambda value: text(value).lower())
SECONDS = Codec(NUMBER.read, str)
URL = Codec(lambda value: shown_url(text_or_nothing(value)))


def _unread(write: Callable[[Any], Any] = lambda value: value) -> Codec:
    """Return a codec for what is only sent: were it told all the same, it would not be taken."""

    def refuse(_: Any) -> Any:
        raise ValueError("only sent, never read")

    return Codec(refuse, write)


FIELDS = FieldTable(
    Field("spam_action", "spam_action", WORD),
    Field("wildcard", "wildcard", SWITCH),
    Field(SCHEME, SCHEME, WORD),
    Field(PREFIX, PREFIX, WORD),
    Field("require_tls", "require_tls", SWITCH),
    Field("skip_verification", "skip_verification", SWITCH),
    Field("message_ttl", "message_ttl", SECONDS, absent_means=0),
    Field(ARCHIVE, ARCHIVE, URL, absent_means=""),
    Field(MAIL_FROM, MAIL_FROM, HOST),
    Field(AUTOMATIC, AUTOMATIC, SWITCH),
    Field("encrypt_incoming_message", "encrypt_incoming_message", SWITCH, immutable=_ONCE),
    # These two are read off the DKIM records (§7.2); the list does not hold those.
    Field(
        KEY_SIZE,
        KEY_SIZE,
        SECONDS,
        immutable="a key keeps its size; make a new key, publish and activate it, and delete "
        "the old one, or take `dkim_key_size` off the YAML",
    ),
    Field(AUTHORITY, AUTHORITY, SWITCH),
    # What follows is sent when the domain is created, and cannot be read afterwards (§14).
    Field("dkim.selector", "dkim_selector", _unread(), write_only=True, implied=True),
    Field("force_root_dkim_host", "force_root_dkim_host", _unread(SWITCH.write), write_only=True),
    Field("dkim_host_name", "dkim_host_name", _unread(), write_only=True),
    Field("ips", "ips", _unread(",".join), write_only=True),
    Field("pool_id", "pool_id", _unread(), write_only=True),
    Field(PASSWORD, PASSWORD, _unread(), write_only=True),
)


def changed_in_dns(desired: Resource, live: Resource) -> set[str]:
    """Return the fields of a domain that ask for other records in DNS and are to change."""
    known = desired.kind.meet(desired, live).attributes
    named = [name for name in (PREFIX, AUTOMATIC, AUTHORITY) if name in known]
    return {
        name
        for name in named
        if name in live.attributes
        and not FIELDS[name].codec.same(known[name], live.attributes[name])
    }
