"""What bulk senders are asked for, from what DNS shows."""

from itertools import product

import pytest
from judges import asker

from reconciler.dns.dmarc import LEAST, find, parse
from reconciler.dns.senders import Advice, advice_for

ANSWERS = (True, False, None)
RECORD = {("_dmarc.example.com", "TXT"): (LEAST,)}


def advice(
    *,
    zone: dict[tuple[str, str], tuple[str, ...]] | None = None,
    spf: bool | None = True,
    dkim: bool | None = True,
    spf_aligned: bool | None = True,
    dkim_aligned: bool | None = True,
) -> dict[str, Advice]:
    given = advice_for(
        "news.example.com",
        policy=find("news.example.com", asker(RECORD if zone is None else zone)),
        spf=spf,
        dkim=dkim,
        spf_aligned=spf_aligned,
        dkim_aligned=dkim_aligned,
    )
    return {each.about: each for each in given}


def test_all_that_dns_shows_can_hold_and_the_rest_is_left_open() -> None:
    assert {about: each.holds for about, each in advice().items()} == {
        "spf": True,
        "dkim": True,
        "dmarc": True,
        "alignment": True,
        "one-click-unsubscribe": None,
        "spam-rate": None,
    }


def test_each_is_one_readable_sentence_with_who_asks() -> None:
    for each in advice().values():
        assert each.sentence.endswith(".")
        assert each.sentence.isprintable()
        assert {"Gmail", "Yahoo"} <= set(each.asked_by)


@pytest.mark.parametrize("answer", ANSWERS)
def test_spf_and_dkim_hold_as_the_look_ups_say(answer: bool | None) -> None:  # noqa: FBT001
    assert advice(spf=answer)["spf"].holds is answer
    assert advice(dkim=answer)["dkim"].holds is answer
    sentences = {advice(spf=each)["spf"].sentence for each in ANSWERS}
    assert len(sentences) == 3


@pytest.mark.parametrize(
    ("spf", "spf_aligned", "dkim", "dkim_aligned"), list(product(ANSWERS, repeat=4))
)
def test_one_proof_of_the_from_domain_is_enough(
    spf: bool | None,  # noqa: FBT001
    spf_aligned: bool | None,  # noqa: FBT001
    dkim: bool | None,  # noqa: FBT001
    dkim_aligned: bool | None,  # noqa: FBT001
) -> None:
    given = advice(spf=spf, spf_aligned=spf_aligned, dkim=dkim, dkim_aligned=dkim_aligned)
    proofs = [{spf, spf_aligned}, {dkim, dkim_aligned}]
    if {True} in proofs:
        assert given["alignment"].holds is True
    elif all(False in each for each in proofs):
        assert given["alignment"].holds is False
    else:
        assert given["alignment"].holds is None


def test_a_missing_policy_comes_with_the_least_record() -> None:
    missing = advice(zone={})["dmarc"]
    assert missing.holds is False
    assert f'"{LEAST}" as TXT at _dmarc.news.example.com' in missing.sentence
    assert parse(LEAST).faults == ()


def test_a_policy_of_the_organisation_is_enough() -> None:
    told = advice()["dmarc"]
    assert told.holds is True
    assert told.sentence == "DMARC is published: _dmarc.example.com asks for none."


def test_a_record_that_receivers_ignore_is_none() -> None:
    told = advice(zone={("_dmarc.example.com", "TXT"): ("v=DMARC1; p=block",)})["dmarc"]
    assert told.holds is False
    assert "ignore the DMARC record at _dmarc.example.com" in told.sentence


def test_a_policy_that_could_not_be_asked_is_not_missing() -> None:
    given = advice_for(
        "example.com",
        policy=find("example.com", lambda *_: None),
        spf=None,
        dkim=None,
        spf_aligned=None,
        dkim_aligned=None,
    )
    assert all(each.holds is None for each in given)
    assert all("could not be asked" in each.sentence for each in given[:4])
