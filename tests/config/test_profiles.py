"""Profiles: what several providers share stands once, and says where it stands."""

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config import load_config
from reconciler.config.profiles import merge
from reconciler.config.syntax import parse
from reconciler.errors import ConfigError
from reconciler.model import Address, Config
from reconciler.providers import SERVICES

POSTMARK = "service: postmark, server: S, account_token: {env: POSTMARK_A}"


def load(**texts: str) -> Config:
    files = {Path(f"{name}.yaml"): textwrap.dedent(text).encode() for name, text in texts.items()}
    return load_config([], SERVICES, files)


def findings(**texts: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load(**texts)
    return [str(each) for each in raised.value.findings]


def provider(profiles: str, own: str) -> Any:
    acme = f"{{{own}, account_token: {{env: A}}}}"
    config = load(a=f"version: 1\nprofiles: {profiles}\nproviders:\n  acme: {acme}\n")
    return config.providers["acme"].node.data


def test_a_provider_is_what_its_profile_says_with_its_own_exceptions() -> None:
    config = load(
        a="""
        version: 1
        profiles:
          customer:
            service: postmark
            tracking: {opens: true, links: html_and_text}
            webhooks: [{url: https://hooks.example.com/pm, triggers: [bounce]}]
        providers:
          acme:
            profile: customer
            server: Acme
            account_token: {env: POSTMARK_ACCOUNT_TOKEN}
            tracking: {links: none}
            domains: {acme.example: {}}
        """.replace("acme.example", "acme.example.com")
    )
    server = config.desired[Address(("acme", "server"))]
    assert server.attributes == {"tracking.opens": True, "tracking.links": "none"}
    assert str(server.location("tracking.opens")) == "a.yaml:6:23"
    assert str(server.location("tracking.links")) == "a.yaml:13:23"
    hook = Address(("acme", "webhooks", "outbound", "https://hooks.example.com/pm"))
    assert str(config.desired[hook].location()) == "a.yaml:7:16"


def test_later_profiles_win_and_own_values_win_over_all() -> None:
    profiles = "{a: {service: postmark, server: A, sender: a@x.example.com}, b: {server: B}}"
    assert provider(profiles, "profile: [a, b]")["server"] == "B"
    assert provider(profiles, "profile: [b, a]")["server"] == "A"
    assert provider(profiles, "profile: [a, b], server: C")["server"] == "C"


def test_lists_are_replaced_whole() -> None:
    hook = "{url: https://a.example.com/, triggers: []}"
    profile = f"{{a: {{service: postmark, server: S, webhooks: [{hook}]}}}}"
    assert provider(profile, "profile: a, webhooks: []")["webhooks"] == []


def test_a_reference_is_replaced_whole() -> None:
    profile = "{a: {service: postmark, server: S, token: {env: X}}}"
    found = provider(profile, "profile: a, token: {file: secrets/t}")
    assert found["token"] == {"file": "secrets/t"}


def test_null_takes_a_value_away_and_nothing_that_is_not_there() -> None:
    profile = "{a: {service: postmark, server: S, tracking: {opens: true, links: none}}}"
    found = provider(profile, "profile: a, tracking: {opens: null}")
    assert found["tracking"] == {"links": "none"}
    assert findings(
        a="version: 1\nprofiles: {a: {service: postmark}}\n"
        "providers: {t: {profile: a, server: S, account_token: {env: A}, tracking: null}}\n"
    ) == ["a.yaml:3:75: `tracking`: a mapping is wanted, not nothing; write {} for none"]


def test_a_profile_may_stand_in_another_file_of_the_run() -> None:
    config = load(
        a="version: 1\nprofiles: {p: {service: postmark, tracking: {opens: true}}}\n",
        b="version: 1\nproviders: {t: {profile: p, server: S, account_token: {env: A}}}\n",
    )
    server = config.desired[Address(("t", "server"))]
    assert str(server.location("tracking.opens")) == "a.yaml:2:53"


def test_what_is_wrong_in_a_profile_is_told_once_with_both_places() -> None:
    text = """\
        version: 1
        profiles:
          p: {service: postmark, tracking: {opens: maybe}}
        providers:
          one: {profile: p, server: A, account_token: {env: A}}
          two: {profile: p, server: B, account_token: {env: A}}
        """
    (finding,) = findings(a=text)
    assert finding == (
        "a.yaml:3:44: `opens`: true or false is wanted, not text (profile `p`, which `one` uses at "
        "a.yaml:5:18)"
    )


@pytest.mark.parametrize(
    ("profiles", "uses", "finding"),
    [
        ("{p: {}}", "", "a.yaml:2:12: profile `p` is used by no provider; remove it"),
        ("{pro: {}}", "profile: [pro, prp]", "no profile `prp` is declared; did you mean `pro`?"),
        ("{a: {}}", "profile: [a, zzzz]", "no profile `zzzz` is declared; known are: a"),
        ("{a: {profile: b}, b: {}}", "profile: [a, b]", "a profile cannot use another"),
        ("{a: {}}", "profile: [a, 1]", "the name of a profile is wanted, or a list of names"),
        ("{a: 1}", "profile: a", "`a`: a profile is a mapping, such as a part of a provider"),
        ("[]", "", "`profiles`: a mapping is wanted, not a list"),
        ("{'a b': {}}", "profile: a b", "the name of a provider or profile is made of letters"),
    ],
)
def test_a_profile_that_cannot_be_meant_is_a_finding(
    profiles: str, uses: str, finding: str
) -> None:
    text = f"version: 1\nprofiles: {profiles}\nproviders: {{t: {{{POSTMARK}, {uses}}}}}\n"
    assert any(finding in each for each in findings(a=text))


def test_of_a_profile_that_is_not_there_no_more_is_said_than_that() -> None:
    text = (
        "version: 1\nprofiles: {base: {tracking: {opens: true}}}\nproviders:\n"
        f"  t: {{{POSTMARK}, profile: bas, tracking: {{opens: null}}, webhooks: null}}\n"
    )
    (finding,) = findings(a=text)
    assert finding.endswith("no profile `bas` is declared; did you mean `base`?")


def test_a_profile_that_stands_twice_is_a_finding_with_the_first_place() -> None:
    one = "version: 1\nprofiles: {p: {service: postmark}}\n"
    two = f"{one}providers: {{t: {{profile: p, server: S, account_token: {{env: A}}}}}}\n"
    assert findings(a=one, b=two) == [
        "b.yaml:2:12: profile `p` is declared twice; first at a.yaml:2:12"
    ]


def test_a_service_is_needed_from_somewhere() -> None:
    text = "version: 1\nprofiles: {p: {sender: a@x.example.com}}\nproviders: {t: {profile: p}}\n"
    assert findings(a=text) == [
        "a.yaml:3:13: `t` needs the key `service`, such as `service: postmark`"
    ]


TREES = st.recursive(
    st.integers(0, 3) | st.none() | st.lists(st.integers(0, 3), max_size=2),
    lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from("abc"), TREES), st.dictionaries(st.sampled_from("abc"), TREES)
)
def test_two_mappings_merge_as_they_are_said_to(
    under: dict[str, Any], over: dict[str, Any]
) -> None:
    below, above = (parse(json.dumps(each).encode(), "x")[0] for each in (under, over))
    assert below
    assert above
    assert merge(below, above).data == merged(under, over)


def merged(under: Any, over: Any) -> Any:
    if not (isinstance(under, Mapping) and isinstance(over, Mapping)):
        return over
    found = dict(under)
    for key, value in over.items():
        if value is None and key in found:
            del found[key]
        else:
            found[key] = merged(found[key], value) if key in found else value
    return found
