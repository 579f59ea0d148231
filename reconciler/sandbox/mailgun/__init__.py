"""Mailgun's two regions: separate domains, one store of keys (mailgun.md §1, §16).

Switches in `world.settings`, with their defaults:

- `shuffle` (true): DNS records change their order from call to call.
- `mailgun_delete_delay` (0.3), `mailgun_create_lag` (0), `mailgun_x509_delay` (0.3): seconds until
  a deletion, a creation, a certificate is done. `mailgun_x509_lifetime` (90 days): its validity.
- `mailgun_index_delay` (0), `mailgun_event_delay` (0.3): seconds until anything is told of a mail,
  and until it is told what became of it.
- `mailgun_bulk_step` (0.3): seconds that a bulk validation stays in each of its states.
- `mailgun_bulk_parallel` (5): bulk validations at a time.
- `mailgun_verify_window` (2.0): seconds in which ten verifications are allowed.
- `mailgun_rate_limit` (off): calls per minute to domains and webhooks.
- `mailgun_duplicate_text` (`This domain name is already taken`).
- `mailgun_htmlonly_text` (false): click tracking reads back `htmlonly` as itself, not as true.
- `mailgun_extended` (true): `h:extended` shows `mailfrom_host`.
- `mailgun_unresolvable_hosts` ([]): hosts that webhooks cannot be set to.
- `mailgun_dkim_key_limit` (5): keys per domain. `mailgun_strict_activation` (false): a DKIM key
  can be activated only when its record is valid.
"""

from dataclasses import replace

from starlette.datastructures import UploadFile
from starlette.responses import Response

from reconciler.sandbox.app import Call, Handler
from reconciler.sandbox.mailgun import (
    account_webhooks,
    bulk,
    certificates,
    connection,
    credentials,
    dkim,
    domains,
    keys,
    logs,
    messages,
    previews,
    rotation,
    subaccounts,
    tracking,
    validation,
    webhooks,
)
from reconciler.sandbox.mailgun.account import find_key, regions
from reconciler.sandbox.mailgun.allowance import guard_account
from reconciler.sandbox.mailgun.answers import COMMON_HEADERS, RefusedError, not_found
from reconciler.sandbox.mailgun.seed import PUBLISHED, seed

__all__ = ["PUBLISHED", "answer_eu", "answer_us", "seed"]

RESOURCES = (
    domains,
    tracking,
    connection,
    webhooks,
    account_webhooks,
    dkim,
    rotation,
    certificates,
    credentials,
    messages,
    logs,
    validation,
    bulk,
    previews,
    keys,
    subaccounts,
)
TABLES = (*(resource.ENDPOINTS.routes for resource in RESOURCES), bulk.DOWNLOADS)


def answer_us(call: Call) -> Response:
    return _answer("us", call)


def answer_eu(call: Call) -> Response:
    return _answer("eu", call)


def _answer(region: str, call: Call) -> Response:
    for each in regions(call.world):
        each.purge()
    response = _routed(region, call)
    _close_uploads(call)
    response.headers.update(COMMON_HEADERS)
    if key := find_key(call):
        response.headers["X-Mailgun-Key-Id"] = key["id"]
    return response


def _close_uploads(call: Call) -> None:
    for _, value in call.form.multi_items():
        if isinstance(value, UploadFile):
            value.file.close()


def _routed(region: str, call: Call) -> Response:
    for table in TABLES:
        if found := table.find(call.method, call.path):
            handler, params = found
            return _handled(handler, replace(call, params=params | {"region": region}))
    return not_found()


def _handled(handler: Handler, call: Call) -> Response:
    try:
        guard_account(call.world, call.path)
        return handler(call)
    except RefusedError as refusal:
        return refusal.response
