"""The verbs of the library, which the command line uses as well: plan, confirm, apply, run."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from reconciler.config import load_config
from reconciler.engine.apply import Stop, apply_plan
from reconciler.engine.attempt import Result
from reconciler.engine.authority import Authority
from reconciler.engine.conclusion import Conclusion
from reconciler.engine.crew import resting
from reconciler.engine.doubts import SET_UNTOLD, set_untold
from reconciler.engine.live import Progress, Sessions, in_silence, read_again, read_live
from reconciler.engine.plan import Plan
from reconciler.engine.refresh import look_and_plan
from reconciler.engine.selection import EVERYTHING, Selection, check_patterns, concerned
from reconciler.engine.sharing import accounts, made_once, whose
from reconciler.errors import ReconcileError
from reconciler.library.credentials import heard_of, known_for_reading, seal_secrets, tokens
from reconciler.library.options import Options
from reconciler.model import Account, Address, Change, Config, Performed, Secret, Snapshot
from reconciler.providers import SERVICES
from reconciler.providers.api import (
    Budget,
    ClientT,
    Connector,
    KnownSecrets,
    Reader,
    Writer,
    base_urls,
    texts_in,
)


def load(paths: Sequence[Path]) -> Config:
    """Load files and folders of YAML as one configuration. Raises ConfigError with all findings."""
    return load_config(paths, SERVICES)


@contextmanager
def sessions_of(config: Config, options: Options, client_type: type[ClientT]) -> Iterator[Sessions]:
    """Open a session a provider, all of whose clients are of one type; close them at the end.

    Raises SecretError, with all that cannot be resolved, and UsageError for a bad base URL.
    """
    given, budget = tokens(config, options), Budget(options.max_calls)
    with Connector(
        client_type,
        base_urls={} if options.sandbox else base_urls(),
        transport=options.sandbox.transport() if options.sandbox else None,
        pause=resting(options.pause),
        clock=options.clock,
        rate=options.rate,
        budget=budget,
        watch=options.watch,
        before_write=options.before_write,
        known=_known_secrets(config, heard_of(config, options)),
    ) as connector:
        yield {
            provider.name: provider.service.connect(provider, given[provider.name], connector)
            for provider in config.providers.values()
        }
    budget.check()


@contextmanager
def writing_session(config: Config, account: Account, options: Options) -> Iterator[Any]:
    """Open the session of one provider alone, with clients that can write.

    Raises SecretError for its tokens, Untrusted, and UsageError for a bad base URL.
    """
    desired = {each: it for each, it in config.desired.items() if each.provider == account.name}
    alone = replace(config, providers={account.name: account}, desired=desired)
    with sessions_of(known_for_reading(alone, options), options, Writer) as sessions:
        yield sessions[account.name]


def _known_secrets(config: Config, more: Iterable[Secret]) -> KnownSecrets:
    """Return what is sent as content, and `more`; whoever is given or learns a token adds it."""
    known = KnownSecrets(
        said
        for each in config.providers.values()
        for said in (*texts_in(each.node.data), *each.service.words)
    )
    resolved, written = list[Secret](), list[Secret]()
    for resource in config.desired.values():
        for name, secret in resource.secrets.items():
            (resolved if name in resource.references else written).append(secret)
    known.add(*resolved, *more)
    # A header's value that is written out may be a secret, and may be `production`.
    known.add_doubtful(*written)
    return known


@dataclass(frozen=True, slots=True)
class Planner:
    """Reads and plans; what it talks to services with cannot write.

    with Planner.open(load([Path("esp.yaml")])) as planner:
        plan = planner.plan()
    """

    config: Config
    selection: Selection
    sessions: Sessions
    options: Options
    whole: Config | None = None
    _client_type: ClassVar[type[Reader]] = Reader

    @classmethod
    @contextmanager
    def open(
        cls, config: Config, options: Options | None = None, selection: Selection = EVERYTHING
    ) -> Iterator[Self]:
        """Resolve the secrets of what is selected, and open its providers; nothing is sent yet.

        Raises SecretError, Untrusted, and UsageError for a bad base URL or a selection of nothing.
        """
        options = options or Options()
        check_patterns(config, selection)
        part = seal_secrets(concerned(config, selection), options)
        with sessions_of(part, options, cls._client_type) as sessions:
            yield cls(part, selection, sessions, options, config)

    def plan(self, *, prune: bool = False, progress: Progress = in_silence) -> Plan:
        """Read live and decide; `progress` is told how many reads are done, and are known of.

        Raises ReadFailed, UsageError.
        """
        return self.look(prune=prune, progress=progress)[0]

    def look(
        self, *, prune: bool = False, progress: Progress = in_silence
    ) -> tuple[Plan, Snapshot]:
        """Return the plan, and the live things that were read for it."""
        return look_and_plan(
            self.config,
            self.sessions,
            self.selection,
            whole=self.whole,
            prune=prune,
            connections=self.options.connections,
            progress=progress,
            pause=resting(self.options.pause),
        )


@dataclass(frozen=True, slots=True)
class Reconciler(Planner):
    """Plans, and makes what was planned."""

    _client_type: ClassVar[type[Reader]] = Writer

    def confirm(self, authority: Authority) -> Plan:
        """Return the plan that a file authorises, after a look at what it touches.

        Open this with `authority.config`. Raises ReadFailed, StalePlan, InvalidPlanFile.
        """
        ways: Any = {
            "connections": self.options.connections,
            "pause": resting(self.options.pause),
        }
        touched, made = authority.touched(), authority.made()
        live = read_again(touched, self.sessions, missing=made, **ways)
        listed = read_live({}, authority.collections(), self.sessions, **ways)
        beside = read_live({}, authority.contested(), self.sessions, **ways)
        where = accounts(self.config, self.sessions, {**live, **listed, **beside})
        plan = authority.confirm(self.config.desired, live, listed, where)
        return made_once(plan, whose(where))

    def apply(
        self,
        plan: Plan,
        *,
        stop: Stop | None = None,
        begun: Callable[[Change], None] = lambda _: None,
        came: Callable[[Result], None] = lambda _: None,
    ) -> list[Result]:
        """Make the changes and return what became of each.

        `begun` is told each change when it is begun, from the thread that makes it, and `came` each
        result as it comes; what is returned has seen a last look at everything,
        and a verification of what asks for other DNS records. At a `stop` writes in flight are
        finished, and the rest is skipped.
        """
        results: list[Result] = []
        pause = resting(self.options.pause)
        for result in apply_plan(
            plan,
            self.sessions,
            repeats={name: each.retry_attempts for name, each in self.config.providers.items()},
            pause=pause,
            stop=stop,
            begun=begun,
            connections=self.options.connections,
        ):
            came(result)
            results.append(result)
        if stop and stop.event.is_set():
            return results
        where = accounts(self.config, self.sessions, {})
        return Conclusion(self.sessions, pause, self.options.connections, where).of(results)

    def run(self, address: Address, action: str) -> Performed:
        """Carry out a one-off action on what stands at a declared address.

        Returns what became of it. Raises ReconcileError when it does not exist yet.
        """
        desired = self.config.desired[address]
        live = read_again([desired], self.sessions, pause=resting(self.options.pause)).get(address)
        if live is None:
            raise ReconcileError(f"{address}: it does not exist yet; apply creates it")
        session = self.sessions[address.provider]
        if action == SET_UNTOLD:
            return set_untold(session, desired, live)
        live = replace(live, secrets=desired.secrets)
        done: Performed = live.kind.perform(session, live, action)
        return done
