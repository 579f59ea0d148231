"""Check connections: each token proven and told apart, sender and domain looked at."""

from collections.abc import Collection
from dataclasses import replace
from email.utils import parseaddr

from reconciler.engine.examining import Checked, checked, examine
from reconciler.errors import ReconcileError, UsageError
from reconciler.library.looking import only, reachable
from reconciler.library.options import Options, do_nothing
from reconciler.library.reconciler import sessions_of
from reconciler.library.sample import Sampler, draft
from reconciler.model import Account, Config, Health, Observation
from reconciler.providers import SERVICES
from reconciler.providers.api import Reader

TEST_MAIL = "test mail"


def check(
    config: Config, options: Options, providers: Collection[str] = (), *, send: bool = False
) -> list[Checked]:
    """Look at the providers that are named, or at all; sends nothing but GET.

    With `send` it also sends a mail through each, which nobody gets, and which may count as volume.
    A token that cannot be resolved keeps no other provider from being looked at. Raises Untrusted,
    and UsageError for a bad base URL.
    """
    config = only(config, providers)
    reached, missing = reachable(config, options)
    with sessions_of(reached, options, Reader) as sessions:
        found = examine(
            reached.providers.values(),
            sessions,
            connections=options.connections,
            clock=options.clock,
        )
    looks = {name: list(missing[name] or found[name]) for name in config.providers}
    for name, account in reached.providers.items() if send else ():
        looks[name] = _sent(looks[name], try_sending(config, account, options))
    return [each for name in config.providers for each in looks[name]]


def try_sending(config: Config, account: Account, options: Options) -> Checked:
    """Send a mail that the service takes and delivers to nobody."""
    begun = options.clock()
    try:
        mail = draft(account, to=account.service.sink or _address_of(account))
    except UsageError as error:
        return checked(account, TEST_MAIL, Observation(Health.UNKNOWN, str(error)))
    quiet = replace(options, tell=do_nothing)
    try:
        with Sampler.open(config, account, quiet) as sampler:
            sent = sampler.send(replace(mail, is_test_mode=True))
    except ReconcileError as error:
        observation = Observation(Health.FAILED, str(error))
    else:
        how = f"to {mail.to}" if account.service.sink else "in test mode"
        fact = f"accepted {how}, as {sent.message_id}"
        observation = Observation(Health.GOOD, fact)
    return checked(account, TEST_MAIL, observation, seconds=options.clock() - begun)


def _address_of(account: Account) -> str:
    return parseaddr(account.node.text("sender") or "")[1]


def _sent(looks: list[Checked], sent: Checked) -> list[Checked]:
    """Add what became of the mail; a refused token that sent it all the same is known by that."""
    if sent.observation.health is not Health.GOOD:
        return [*looks, sent]
    return [*(_told_apart(each) for each in looks), sent]


def _told_apart(look: Checked) -> Checked:
    fact = SERVICES[look.service].sends_only
    if not (look.key and look.has_failed and fact):
        return look
    advice = f"Find a token that may do all at {look.token.where}." if look.token else ""
    return replace(look, observation=Observation(Health.FAILED, fact, advice))
