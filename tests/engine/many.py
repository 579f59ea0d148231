"""An account with very many domains, made in a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

import pytest
from account import Account, yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from reconciler.model import Config


@contextmanager
def quick_keys() -> Iterator[None]:
    """Take the same few keys again and again: they are slow to make, and any will do."""
    make = rsa.generate_private_key
    stock = {bits: cycle([make(65537, bits)]) for bits in (1024, 2048)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", lambda _, key_size: next(stock[key_size]))
        yield


def config_of(number: int, *, opens: bool = False, **changed: str) -> Config:
    """Return a configuration of so many domains; `changed` has what is said of some."""
    word = str(opens).lower()
    names = "".join(
        f"    d{each}.example.com: {changed.get(f'd{each}', '{}')}\n" for each in range(number)
    )
    return yaml(
        f"t:\n  service: mailgun\n  token: {{env: A}}\n  tracking: {{opens: {word}}}\n"
        f"  domains:\n{names}"
    )


def account_with(number: int) -> Account:
    account = Account()
    for each in range(number):
        form = {"name": f"d{each}.example.com"}
        account.by_hand("mailgun_us", "POST", "/v4/domains", data=form)
    return account
