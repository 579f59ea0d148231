"""What tells a secret, however it is written; and that nothing else is taken for it."""

import copy
import json
import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest
from encodings_of_secrets import ENCODINGS
from hypothesis import given
from hypothesis import strategies as st
from scripted import MAILGUN_KEY, SERVER_TOKEN, Line

from reconciler.errors import ServiceError
from reconciler.model import Sealed, Secret, Withheld
from reconciler.providers.api import KnownSecrets

PASSWORD = 'canary-"pass"/wörd\\declared'
SECRETS = (SERVER_TOKEN, MAILGUN_KEY, PASSWORD, "hunter-2 & Söhne <3", "XQ7-abcd.efgh_~1")


def knowing(*secrets: str, said: tuple[str, ...] = ()) -> KnownSecrets:
    known = KnownSecrets(said)
    known.add(*map(Secret, secrets))
    return known


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_recognised_however_it_is_written(secret: str, name: str) -> None:
    known = knowing("something-else-entirely", secret)
    for text in (ENCODINGS[name](secret), f'before "{ENCODINGS[name](secret)}" & after'):
        assert known.are_told(text)
        safe = known.withheld({"a": [{"b": text}], "c": "plain"})
        assert isinstance(safe["a"][0]["b"], Withheld)  # type: ignore[index]
        assert json.dumps(safe) == '{"a": [{"b": "(secret)"}], "c": "plain"}'


@given(
    st.text(min_size=8, max_size=40).filter(lambda text: sum(map(str.isalnum, text)) >= 8),
    st.sampled_from(sorted(ENCODINGS)),
    st.text(max_size=12),
    st.text(max_size=12),
)
def test_any_secret_is_recognised_in_any_text(
    secret: str, name: str, before: str, after: str
) -> None:
    if not secret.isascii():
        # Beyond ASCII letter case is not always a matter of one letter, nor what surrounds it.
        name, before, after = "base64", "", ""
    before, after = (re.sub(r"[\W_a-fA-F0-9]|x$", "", each) for each in (before, after))
    assert knowing(secret).are_told(f"{before} {ENCODINGS[name](secret)} {after}")


@given(st.text(max_size=300))
def test_no_other_text_is_taken_for_a_secret(text: str) -> None:
    assert not knowing(SERVER_TOKEN, MAILGUN_KEY).are_told(text)


@pytest.mark.parametrize("short", ["", "a", "yes", "a-b", "!?", "12"])
def test_a_secret_of_a_few_letters_makes_no_text_suspect(short: str) -> None:
    known = knowing(short)
    text = {"name": f"yes, {short} a b {short}, 12 and so on"}
    assert not known.are_told(text["name"])
    assert known.withheld(text) is text


def test_a_refusal_is_looked_at_more_closely_than_an_answer() -> None:
    known = knowing("hush")
    assert known.are_told("do not say HUSH")
    assert not isinstance(known.withheld("do not say HUSH"), Withheld)


def test_what_may_be_a_secret_or_a_word_is_sought_in_refusals_only() -> None:
    known = knowing()
    known.add_doubtful(Secret("production"))
    assert known.are_told("the Production server")
    answer = {"Name": "the production server"}
    assert known.withheld(answer) is answer


@pytest.mark.parametrize("number", [90210777123, -90210777123, 90210777123.5])
def test_a_secret_of_digits_is_recognised_as_a_number_too(number: float) -> None:
    safe = knowing("90210777123").withheld({"a": [number], "b": 5, "c": True, "d": None})
    assert json.dumps(safe) == '{"a": ["(secret)"], "b": 5, "c": true, "d": null}'


def test_what_is_to_be_learnt_is_known_before_any_answer_is_shown() -> None:
    known, asked = knowing(), list[str]()

    def learn() -> None:
        with known.learning():
            asked.append(str(known.withheld({"servers": ["hush-4711"]})))
        known.add(Secret("hush-4711"))

    known.expect(learn)
    assert json.dumps(known.withheld(["hush-4711"])) == '["(secret)"]'
    assert known.are_told("no hush-4711 here")
    assert asked == ["{'servers': ['hush-4711']}"]


def test_an_answer_that_told_nothing_tells_what_is_learnt_afterwards() -> None:
    known = KnownSecrets()
    answer = {"name": "of a later secret"}
    assert known.withheld(answer)["name"] is answer["name"]
    known.add(Secret("later secret"))
    assert repr(known.withheld(answer)["name"]) == repr(Withheld(""))


def test_so_many_answers_are_looked_at_anew_as_there_are() -> None:
    known = KnownSecrets()
    known.add(Secret("canary"))
    for number in range(3000):
        assert known.withheld({"n": f"n{number}"}) == {"n": f"n{number}"}
    assert isinstance(known.withheld({"n": "a canary"})["n"], Withheld)


def test_what_cannot_be_learnt_is_asked_for_once_and_told_by_who_needs_it() -> None:
    known, asked = knowing(), list[int]()

    def fail() -> None:
        asked.append(1)
        raise ServiceError("GET /servers", "HTTP 401")

    known.expect(fail)
    known.expect(lambda: known.add(Secret("hush-4711")))
    assert json.dumps(known.withheld(["hush-4711", "x"])) == '["(secret)", "x"]'
    assert not known.are_told("nothing")
    assert asked == [1]


def test_two_threads_wait_for_one_who_learns() -> None:
    known, begun, go = knowing(), Event(), Event()

    def learn() -> None:
        begun.set()
        assert go.wait(30)
        known.add(Secret("hush-4711"))

    known.expect(learn)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(known.withheld, ["hush-4711"])
        assert begun.wait(30)
        second = pool.submit(known.withheld, ["hush-4711"])
        go.set()
        assert [json.dumps(each.result(30)) for each in (first, second)] == ['["(secret)"]'] * 2


def test_what_the_yaml_says_itself_is_not_withheld() -> None:
    known = knowing("production", said=("Production", "example.com"))
    for text in ("production", "PRODUCTION", " production. "):
        assert known.withheld({"a": text})["a"] == text
        assert not isinstance(known.withheld({"a": text})["a"], Withheld)
    assert isinstance(known.withheld({"a": "the production server"})["a"], Withheld)


def test_the_password_in_a_url_is_a_secret_by_itself() -> None:
    assert knowing("https://user:open-sesame@hooks.example.com/x").are_told("Open-Sesame is weak")


def test_a_withheld_text_shows_nothing_and_equals_what_it_is() -> None:
    text = Withheld("Canary.")
    for shown in (
        *(str(text), repr(text), f"{text}", f"x{text}", f"{text:>9}", f"{text!s}", "%s" % text),  # noqa: UP031
        *(text + "x", "/".join([text, *"xy"]), text[:3], text.upper(), json.dumps({text: [text]})),
        *(repr([text]), text.lower(), text.rstrip("."), text.encode().decode(), repr({text: 1})),
    ):
        assert not re.search("(?i)canary", json.dumps(shown))
    assert text == "Canary."
    assert text != "(secret)"
    assert "(secret)" != text  # noqa: SIM300 - the other way round
    assert text != 1
    assert text == Withheld("Canary.")
    assert text.lower().rstrip(".").strip() == "canary"
    assert {"Canary.": 1}[text] == 1
    assert Sealed(text) == Sealed("Canary.") == text
    assert text == Sealed("Canary.")
    assert Secret(text).reveal() == "Canary."
    for carry in (copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            carry(text)


def test_a_refusal_tells_no_secret_of_another_client_of_the_run() -> None:
    for encode in ENCODINGS.values():
        body = {"ErrorCode": 1, "Message": f"x {encode(MAILGUN_KEY)}"}
        with Line(httpx.Response(422, json=body), service="postmark") as line:
            line.known.add(Secret(MAILGUN_KEY))
            with pytest.raises(ServiceError, match="repeats a secret and is not shown"):
                line.postmark().server.get("/server")


def test_a_refusal_in_utf_16_tells_no_secret() -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        body = json.dumps({"message": f"{'x' * 290}{PASSWORD}"}, ensure_ascii=False)
        with Line(httpx.Response(400, content=body.encode(encoding)), service="mailgun") as line:
            line.known.add(Secret(PASSWORD))
            with pytest.raises(ServiceError, match="repeats a secret and is not shown"):
                line.mailgun().client.get("/v4/domains")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_is_withheld_in_part_and_sent_again_as_it_was(method: str) -> None:
    body = {"ID": 1, "Name": f"x{SERVER_TOKEN}", "Color": "red"}
    with Line(httpx.Response(200, json=body)) as line:
        server = line.postmark().server
        answer = server.get("/x") if method == "GET" else server.post("/x")
        assert str(answer) == "{'ID': 1, 'Name': '(secret)', 'Color': 'red'}"
        server.put("/x", json={"Name": answer["Name"], "Names": [answer["Name"]]})
        sent = json.loads(line.script.seen[-1].content)
        assert sent == {"Name": body["Name"], "Names": [body["Name"]]}
