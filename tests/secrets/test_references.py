"""References become secrets, and neither a secret nor an error about one says its value."""

import copy
import json
import os
import pickle
import re
import socket
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import SecretError
from reconciler.model import Reference, Secret
from reconciler.secrets import MAX_BYTES, Resolver
from reconciler.source import Location

NO_TOKEN = re.compile("characters that no token has|is not one line of text")
PLACE = Location("esp.yaml", 5, 12)
VALUE = "2f1c6d4e-90ab-4cde-8f01-23456789abcd"


def env(target: str, environment: Mapping[str, str]) -> Secret:
    everything = {"ESP_RECONCILE_ENV_ALLOW": "*", **environment}
    return Resolver(everything).resolve_token(Reference("env", target, PLACE), "postmark")


def file(folder: Path, target: str) -> Secret:
    location = Location(str(folder / "config" / "esp.yaml"), 5, 12)
    return Resolver({}).resolve_token(Reference("file", target, location), "postmark")


def chain(error: BaseException | None) -> str:
    """Return all that an error, and what it came from, could tell anybody."""
    told = ""
    while error:
        told += f"{error!r} {error} {vars(error)} {getattr(error, 'object', b'')!r}"
        told += "".join(traceback.format_exception(error))
        error = error.__cause__ or error.__context__
    return told


def refused(call: Callable[[], Secret]) -> str:
    """Return the message of the refusal that there must be, which tells no value."""
    with pytest.raises(SecretError) as caught:
        call()
    assert VALUE[:8] not in chain(caught.value)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path


def test_a_value_comes_from_the_environment() -> None:
    assert env("KEY", {"KEY": VALUE}).reveal() == VALUE


def test_white_space_around_a_value_is_dropped() -> None:
    assert env("KEY", {"KEY": f" {VALUE}\r\n"}).reveal() == VALUE


def test_a_value_comes_from_a_file_beside_the_yaml(folder: Path) -> None:
    (folder / "config" / "key").write_text(f"{VALUE}\n")
    assert file(folder, "key").reveal() == VALUE
    (folder / "config" / "below").mkdir()
    (folder / "config" / "below" / "other").write_text(VALUE)
    assert file(folder, "below/other").reveal() == VALUE
    assert file(folder, "../config/below/other").reveal() == VALUE
    (folder / "config" / "link").symlink_to("below/other")
    assert file(folder, "link").reveal() == VALUE


def test_a_file_outside_the_folder_of_the_yaml_is_refused_whatever_the_way_there(
    folder: Path,
) -> None:
    (folder / "other").write_text(VALUE)
    (folder / "config" / "link").symlink_to("../other")
    (folder / "config" / "up").symlink_to("..")
    (folder / "config-twin").mkdir()
    (folder / "config-twin" / "key").write_text(VALUE)
    ways = ["../other", str(folder / "other"), "link", "up/other", "../config-twin/key"]
    for way in (*ways, "/dev/zero", "/proc/self/environ", "/etc/passwd"):
        assert "lies outside the folder of the configuration" in refused(partial(file, folder, way))


def test_only_the_variables_that_the_operator_allows_are_read() -> None:
    names = dict.fromkeys(("POSTMARK_A", "MAILGUN_A", "ESP_A", "AWS_A", "XPOSTMARK_A"), VALUE)

    def resolved(name: str, **allow: str) -> str:
        reference = Reference("env", name, PLACE)
        return Resolver({**names, **allow}).resolve(reference).reveal()

    for name in ("POSTMARK_A", "MAILGUN_A", "ESP_A"):
        assert resolved(name) == VALUE
    for name in ("AWS_A", "XPOSTMARK_A", "POSTMARK"):
        message = refused(partial(Resolver(names).resolve, Reference("env", name, PLACE)))
        assert f"the environment variable {name} is not among those" in message
        assert "(POSTMARK_*, MAILGUN_*, ESP_*)" in message
    assert resolved("AWS_A", ESP_RECONCILE_ENV_ALLOW="AWS_*, X") == VALUE
    with pytest.raises(SecretError, match="AWS_\\*, X"):
        resolved("ESP_A", ESP_RECONCILE_ENV_ALLOW="AWS_*, X")
    with pytest.raises(SecretError, match=r"may name \(none\)"):
        resolved("ESP_A", ESP_RECONCILE_ENV_ALLOW="")


def test_a_file_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    (folder / "config" / "key").write_bytes(b"\xef\xbb\xbf" + VALUE.encode())
    assert file(folder, "key").reveal() == VALUE


def test_a_variable_that_is_not_set_is_named_with_its_place() -> None:
    message = refused(lambda: env("KEY", {"key": VALUE}))
    assert message == "esp.yaml:5:12: the environment variable KEY is not set"


@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_an_empty_value_is_refused(value: str, folder: Path) -> None:
    assert refused(lambda: env("KEY", {"KEY": value})) == "esp.yaml:5:12: env KEY is empty"
    (folder / "config" / "key").write_text(value)
    assert refused(lambda: file(folder, "key")).endswith("esp.yaml:5:12: file key is empty")


@pytest.mark.parametrize(
    "value",
    [
        f"{VALUE} {VALUE}",
        f"{VALUE}\n{VALUE}",
        f"{VALUE}\t",
        f"{VALUE}é",
        f"{VALUE}\0",
        f"\x1b{VALUE}",
    ],
)
def test_characters_that_no_token_has_are_refused(value: str, folder: Path) -> None:
    value = f"a{value}a"
    assert NO_TOKEN.search(refused(lambda: env("KEY", {"KEY": value})))
    (folder / "config" / "key").write_text(value)
    assert NO_TOKEN.search(refused(lambda: file(folder, "key")))


@pytest.mark.parametrize(
    "target", ["missing", ".", "a/..", "no/such/folder", "a\0b", "n" * 5000, "esp.yaml/x"]
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(target: str, folder: Path) -> None:
    (folder / "config" / "esp.yaml").write_text(VALUE)
    assert refused(lambda: file(folder, target)).startswith(f"{folder}/config/esp.yaml:5:12: ")


def test_a_file_that_is_too_large_is_refused(folder: Path) -> None:
    path = folder / "config" / "key"
    path.write_text("x" * MAX_BYTES)
    assert len(file(folder, "key").reveal()) == MAX_BYTES
    path.write_text(VALUE + "x" * MAX_BYTES)
    assert refused(lambda: file(folder, "key")).endswith("file key is larger than 64 KiB")


def test_a_pipe_and_a_socket_are_refused_at_once(folder: Path) -> None:
    os.mkfifo(folder / "config" / "key")
    assert "not a regular file" in refused(lambda: file(folder, "key"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "config" / "s"))
        refused(lambda: file(folder, "s"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_file_that_is_not_text_is_refused(encoding: str, folder: Path) -> None:
    (folder / "config" / "key").write_bytes(VALUE.encode(encoding))
    assert "is not one line of text" in refused(lambda: file(folder, "key"))
    (folder / "config" / "key").write_bytes(VALUE.encode() + b"\xff")
    assert "is not one line of text" in refused(lambda: file(folder, "key"))


def told(secret: Secret) -> list[str]:
    return [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        "{:>40}".format(secret),  # noqa: UP032 - another way to the same method
        "%s %r" % (secret, secret),  # noqa: UP031
        repr([secret, {"token": secret}]),
        str(ValueError(secret)),
    ]


def test_no_way_of_printing_a_secret_tells_it() -> None:
    for text in told(Secret(VALUE)):
        assert "Secret(…)" in text
        assert VALUE[:8] not in text


@pytest.mark.parametrize(
    "carry",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        vars,
        len,
        list,
        lambda secret: json.dumps({"a": [secret]}),
        lambda secret: pickle.dumps({"a": secret}, protocol=0),
        lambda secret: copy.deepcopy([secret]),
    ],
)
def test_a_secret_cannot_be_carried_off_by_accident(carry: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError) as caught:
        carry(Secret(VALUE))
    assert VALUE[:8] not in str(caught.value)


def test_a_secret_takes_no_further_attributes() -> None:
    with pytest.raises(AttributeError):
        Secret(VALUE).other = 1  # type: ignore[attr-defined]


def test_a_secret_is_equal_to_itself_only() -> None:
    secret = Secret(VALUE)
    assert secret == secret  # noqa: PLR0124
    assert secret not in (VALUE, Secret(VALUE))


def test_a_secret_that_is_no_token_may_hold_blanks_but_stays_on_one_line() -> None:
    reference = Reference("env", "ESP_A", PLACE)
    assert Resolver({"ESP_A": "Bearer ü"}).resolve(reference).reveal() == "Bearer ü"
    for bad in ("a\nb", "a\x1bb", "", "  "):
        with pytest.raises(SecretError):
            Resolver({"ESP_A": bad}).resolve(reference)
