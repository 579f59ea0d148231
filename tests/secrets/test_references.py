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

from reconciler.errors import SecretError, UsageError
from reconciler.model import Reference, Secret
from reconciler.secrets import MAX_BYTES, Resolver
from reconciler.source import Location

NO_TOKEN = re.compile("characters that no token has|is not one line of text")
PLACE = Location("esp.yaml", 5, 12)
VALUE = "2f1c6d4e-90ab-4cde-8f01-23456789abcd"
ALL = {"POSTMARK_A", "ESP_A", "AWS_A", "XPOSTMARK_A", "POSTMARK"}


def env(target: str, environment: Mapping[str, str]) -> Secret:
    everything = {"ESP_RECONCILE_TOKEN_ALLOW": "*", **environment}
    return Resolver(everything).resolve_token(Reference("env", target, PLACE), "postmark")


def file(folder: Path, target: str) -> Secret:
    location = Location(str(folder / "config" / "esp.yaml"), 5, 12)
    reference = Reference("file", f"secrets/{target}", location)
    return Resolver({}).resolve_token(reference, "postmark")


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
    (tmp_path / "config" / "secrets").mkdir(parents=True)
    return tmp_path


def test_a_value_comes_from_the_environment() -> None:
    assert env("KEY", {"KEY": VALUE}).reveal() == VALUE


def test_white_space_around_a_value_is_dropped() -> None:
    assert env("KEY", {"KEY": f" {VALUE}\r\n"}).reveal() == VALUE


def test_a_value_comes_from_a_file_in_the_folder_for_them(folder: Path) -> None:
    (folder / "config" / "secrets" / "key").write_text(f"{VALUE}\n")
    assert file(folder, "key").reveal() == VALUE
    assert file(folder, "./key").reveal() == VALUE
    (folder / "config" / "secrets" / "below").mkdir()
    (folder / "config" / "secrets" / "below" / "other").write_text(VALUE)
    assert file(folder, "below//other").reveal() == VALUE


def test_the_folder_of_the_yaml_itself_may_be_reached_by_a_link(folder: Path) -> None:
    (folder / "config" / "secrets" / "key").write_text(VALUE)
    (folder / "link").symlink_to("config")
    reference = Reference("file", "secrets/key", Location(str(folder / "link" / "esp.yaml"), 1, 1))
    assert Resolver({}).resolve(reference).reveal() == VALUE


def test_a_file_outside_is_refused_whatever_the_way_there(folder: Path) -> None:
    (folder / "other").write_text(VALUE)
    inside = folder / "config" / "secrets"
    (inside / "inner").write_text(VALUE)
    (inside / "link").symlink_to("../../other")
    (inside / "short").symlink_to("inner")
    (inside / "up").symlink_to("../..")
    (inside / "here").symlink_to(".")
    ways = ["../../other", str(folder / "other"), "link", "up/other", "short", "here/inner"]
    more = ["../secrets/inner", "/dev/zero", "/proc/self/environ", "/etc/passwd"]
    for way in (*ways, *more):
        target = way if way.startswith("/") else f"secrets/{way}"
        location = Location(str(folder / "config" / "esp.yaml"), 5, 12)
        reference = Reference("file", target, location)
        for resolve in (
            Resolver({}).resolve,
            partial(Resolver({}).resolve_token, service="postmark"),
        ):
            message = refused(partial(resolve, reference))
            assert "lies outside the folder `secrets` beside the configuration" in message


def test_what_is_beside_the_yaml_is_no_secret_and_a_link_is_no_folder_for_them(
    folder: Path,
) -> None:
    location = Location(str(folder / "config" / "esp.yaml"), 5, 12)
    (folder / "config" / "key").write_text(VALUE)
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "key").write_text(VALUE)
    (folder / "config" / "secrets").rmdir()
    (folder / "config" / "secrets").symlink_to("../elsewhere")
    for target in ("key", "./key", "secretskey", "secrets/key", "Secrets/key"):
        message = refused(partial(Resolver({}).resolve, Reference("file", target, location)))
        assert "lies outside the folder `secrets` beside the configuration" in message


def test_the_operator_may_name_another_folder_for_files(folder: Path) -> None:
    (folder / "mounted" / "below").mkdir(parents=True)
    for name in ("mounted/key", "mounted/below/key", "config/secrets/key", "outside"):
        (folder / name).write_text(VALUE)
    (folder / "mounted" / "link").symlink_to("../outside")
    (folder / "also").symlink_to("mounted")

    def resolved(target: str, root: str = "mounted") -> Secret:
        location = Location(str(folder / "config" / "esp.yaml"), 5, 12)
        resolver = Resolver({"ESP_RECONCILE_FILE_ROOT": str(folder / root)})
        return resolver.resolve(Reference("file", target, location))

    for target in ("key", "below/key", f"{folder}/mounted/key"):
        assert resolved(target).reveal() == VALUE
    assert resolved("key", "also").reveal() == VALUE
    assert resolved("secrets/key", "config/secrets").reveal() == VALUE
    for target in ("../outside", "link", f"{folder}/outside", "/etc/passwd", "a/../../outside"):
        message = refused(partial(resolved, target))
        assert f"lies outside {folder}/mounted (ESP_RECONCILE_FILE_ROOT)" in message
    refused(partial(resolved, "secrets/key"))


@pytest.mark.parametrize(
    ("allow", "tokens", "content"),
    [
        ({}, {"POSTMARK_A"}, {"ESP_A"}),
        ({"TOKEN": "AWS_*, X"}, {"AWS_A"}, {"ESP_A"}),
        ({"CONTENT": "AWS_* X"}, {"POSTMARK_A"}, {"AWS_A"}),
        ({"TOKEN": "ESP_*"}, set(), set()),
        ({"TOKEN": "*"}, {"POSTMARK_A", "AWS_A", "XPOSTMARK_A", "POSTMARK"}, set()),
        ({"TOKEN": "*", "CONTENT": "*"}, set(), set()),
        ({"TOKEN": "", "CONTENT": ""}, set(), set()),
        ({"CONTENT": "POSTMARK_*"}, set(), set()),
        ({"CONTENT": "*", "TOKEN": "POSTMARK"}, set(), ALL - {"POSTMARK"}),
    ],
)
def test_two_lists_of_the_operators_say_what_may_be_a_token_and_what_content(
    allow: Mapping[str, str], tokens: set[str], content: set[str]
) -> None:
    lists = {f"ESP_RECONCILE_{name}_ALLOW": patterns for name, patterns in allow.items()}
    environment = {**dict.fromkeys(ALL, VALUE), **lists, "ESP_RECONCILE_SOPS": VALUE}

    def works(name: str, *, as_token: bool) -> bool:
        resolver, reference = Resolver(environment), Reference("env", name, PLACE)
        resolve = partial(resolver.resolve_token, service="postmark")
        try:
            (resolve if as_token else resolver.resolve)(reference)
        except SecretError:
            return False
        return True

    names = (*ALL, "ESP_RECONCILE_SOPS", *lists)
    assert {name for name in names if works(name, as_token=True)} == tokens
    assert {name for name in names if works(name, as_token=False)} == content


def test_a_refused_variable_is_told_with_the_list_and_the_variable_that_changes_it() -> None:
    environment = {"AWS_A": VALUE, "ESP_B": VALUE}

    def told(name: str, **allow: str) -> str:
        resolver = Resolver({**environment, **allow})
        return refused(partial(resolver.resolve, Reference("env", name, PLACE)))

    assert "may name as content (ESP_*); rename it, or allow it by ESP_RECONCILE_CONTENT_A" in told(
        "AWS_A"
    )
    assert "as content (none)" in told("AWS_A", ESP_RECONCILE_CONTENT_ALLOW="")
    assert "the operator's own setting" in told("ESP_RECONCILE_SOPS")
    both = told("ESP_B", ESP_RECONCILE_TOKEN_ALLOW="*_B")
    assert "by ESP_RECONCILE_TOKEN_ALLOW and by ESP_RECONCILE_CONTENT_ALLOW" in both


def test_the_one_list_of_old_is_an_error_that_names_the_two() -> None:
    resolver = Resolver({"ESP_A": VALUE, "ESP_RECONCILE_ENV_ALLOW": "ESP_*"})
    with pytest.raises(UsageError) as caught:
        resolver.resolve(Reference("env", "ESP_A", PLACE))
    for name in ("ENV_ALLOW is not read", "TOKEN_ALLOW", "CONTENT_ALLOW"):
        assert name in str(caught.value)


@pytest.mark.parametrize("token", ["env", "file"])
def test_what_is_a_token_in_one_place_is_no_content_in_another(folder: Path, token: str) -> None:
    place = Location(str(folder / "config" / "esp.yaml"), 5, 12)
    (folder / "config" / "secrets" / "key").write_text(VALUE)
    target = {"env": "POSTMARK_A", "file": "secrets/key"}[token]
    resolver = Resolver({"POSTMARK_A": VALUE, "ESP_A": VALUE})
    resolver.resolve_token(Reference(token, target, place), "postmark")
    for source, name in (("env", "ESP_A"), ("file", "secrets/key")):
        reference = Reference(source, name, place)
        assert "is a token, which" in refused(partial(resolver.resolve, reference))


def test_a_file_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    (folder / "config" / "secrets" / "key").write_bytes(b"\xef\xbb\xbf" + VALUE.encode())
    assert file(folder, "key").reveal() == VALUE


def test_a_variable_that_is_not_set_is_named_with_its_place() -> None:
    message = refused(lambda: env("KEY", {"key": VALUE}))
    assert message == "esp.yaml:5:12: the environment variable KEY is not set"


@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_an_empty_value_is_refused(value: str, folder: Path) -> None:
    assert refused(lambda: env("KEY", {"KEY": value})) == "esp.yaml:5:12: env KEY is empty"
    (folder / "config" / "secrets" / "key").write_text(value)
    assert refused(lambda: file(folder, "key")).endswith("esp.yaml:5:12: file secrets/key is empty")


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
    (folder / "config" / "secrets" / "key").write_text(value)
    assert NO_TOKEN.search(refused(lambda: file(folder, "key")))


@pytest.mark.parametrize(
    "target", ["missing", ".", "a/..", "no/such/folder", "a\0b", "n" * 5000, "esp.yaml/x"]
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(target: str, folder: Path) -> None:
    (folder / "config" / "esp.yaml").write_text(VALUE)
    assert refused(lambda: file(folder, target)).startswith(f"{folder}/config/esp.yaml:5:12: ")


def test_a_file_that_is_too_large_is_refused(folder: Path) -> None:
    path = folder / "config" / "secrets" / "key"
    path.write_text("x" * MAX_BYTES)
    assert len(file(folder, "key").reveal()) == MAX_BYTES
    path.write_text(VALUE + "x" * MAX_BYTES)
    assert refused(lambda: file(folder, "key")).endswith("file secrets/key is larger than 64 KiB")


def test_a_pipe_and_a_socket_are_refused_at_once(folder: Path) -> None:
    os.mkfifo(folder / "config" / "secrets" / "key")
    assert "not a regular file" in refused(lambda: file(folder, "key"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "config" / "secrets" / "s"))
        refused(lambda: file(folder, "s"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_file_that_is_not_text_is_refused(encoding: str, folder: Path) -> None:
    (folder / "config" / "secrets" / "key").write_bytes(VALUE.encode(encoding))
    assert "is not one line of text" in refused(lambda: file(folder, "key"))
    (folder / "config" / "secrets" / "key").write_bytes(VALUE.encode() + b"\xff")
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
