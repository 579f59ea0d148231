"""The real `sops`: what it decrypts, what it refuses, and that nothing of it is seen elsewhere."""

import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from vault import Vault, new_key, open_vault

from reconciler.errors import (
    FileTampered,
    NoKeyForFile,
    NotEncrypted,
    NotInFile,
    SecretError,
    SopsFailed,
    SopsMissing,
    SopsTooOld,
)
from reconciler.model import Secret
from reconciler.secrets import key_names


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(tmp_path)


def program(vault: Vault, script: str) -> str:
    """Write a program that stands in for sops; return its path."""
    path = vault.folder.parent / "program"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def refused(error: type[SecretError], call: Callable[[], object]) -> str:
    with pytest.raises(SecretError) as caught:
        call()
    assert type(caught.value) is error
    assert "canary" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("postmark.account_token", "canary-account"),
        ("mailgun.api_key", "canary-mailgun"),
        ("mailgun.list[1]", "canary-second"),
        ("mailgun.list.0", "canary-first"),
    ],
)
def test_a_dotted_path_or_an_index_leads_to_a_value(vault: Vault, key: str, value: str) -> None:
    assert vault.resolve(key).reveal() == value


@pytest.mark.parametrize(
    ("name", "store", "plain", "key"),
    [
        ("s.json", "json", '{"a": {"b": "canary-x"}}', "a.b"),
        ("s.yml", "yaml", "a: {b: canary-x}", "a.b"),
        ("s.env", "dotenv", "TOKEN=canary-x\n", "TOKEN"),
        ("s.ini", "ini", "[a]\nb = canary-x\n", "a.b"),
        ("token.enc", "binary", "canary-x\n", "data"),
    ],
)
def test_every_store_of_sops_is_read(
    vault: Vault, name: str, store: str, plain: str, key: str
) -> None:
    vault.encrypt(name, plain, store)
    assert vault.resolve(key, name).reveal() == "canary-x"


def test_a_file_is_decrypted_once_whatever_is_asked_of_it(vault: Vault) -> None:
    log = vault.folder.parent / "log"
    counting = program(vault, f'echo "$@" >> {log}; exec sops "$@"')
    resolver = vault.resolver(ESP_RECONCILE_SOPS=counting)
    for key in ("postmark.account_token", "mailgun.api_key", "mailgun.list[0]"):
        resolver.resolve(vault.reference(key))
    refused(NotInFile, lambda: resolver.resolve(vault.reference("nowhere")))
    assert len(log.read_text(encoding="utf-8").splitlines()) == 1


def test_a_file_that_cannot_be_decrypted_is_tried_once(vault: Vault) -> None:
    log = vault.folder.parent / "log"
    counting = program(vault, f'echo "$@" >> {log}; exec sops "$@"')
    resolver = vault.resolver(ESP_RECONCILE_SOPS=counting, SOPS_AGE_KEY_FILE="/nowhere")
    for key in ("postmark.account_token", "mailgun.api_key"):
        refused(NoKeyForFile, lambda key=key: resolver.resolve(vault.reference(key)))  # type: ignore[misc]
    assert len(log.read_text(encoding="utf-8").splitlines()) == 1


def test_without_sops_the_message_says_how_to_get_it(vault: Vault) -> None:
    message = refused(SopsMissing, lambda: vault.resolve("a", ESP_RECONCILE_SOPS="/no/sops"))
    assert message.startswith(
        f"{vault.folder}/esp.yaml:5:12: secrets.sops.yaml needs /no/sops, which cannot be run: "
    )
    assert "install sops" in message
    assert "ESP_RECONCILE_SOPS" in message


def test_without_a_key_the_message_says_which_recipients_would_do(vault: Vault) -> None:
    message = refused(NoKeyForFile, lambda: vault.resolve("a", SOPS_AGE_KEY_FILE="/nowhere"))
    assert f"it is encrypted for {vault.recipient}." in message
    assert "SOPS_AGE_KEY_FILE" in message


def test_somebody_elses_key_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    other, _ = new_key(tmp_path, "other.txt")
    refused(NoKeyForFile, lambda: vault.resolve("a", SOPS_AGE_KEY_FILE=str(other)))


def test_a_second_recipient_opens_it_too_and_a_rotated_file_stays_readable(
    vault: Vault, tmp_path: Path
) -> None:
    other, public = new_key(tmp_path, "other.txt")
    key = {"SOPS_AGE_KEY_FILE": str(other)}
    vault.sops("rotate", "-i", "--add-age", public, "secrets.sops.yaml")
    assert vault.resolve("mailgun.api_key", **key).reveal() == "canary-mailgun"
    vault.sops("rotate", "-i", "--rm-age", vault.recipient, "secrets.sops.yaml")
    assert vault.resolve("mailgun.api_key", **key).reveal() == "canary-mailgun"
    refused(NoKeyForFile, lambda: vault.resolve("mailgun.api_key"))


def swap(old: str, new: str) -> Callable[[str], str]:
    return lambda text: re.sub(old, new, text, count=1, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "tamper",
    [
        swap(r"api_key: ENC\[AES256_GCM,data:(.)", r"api_key: ENC[AES256_GCM,data:/\1"),
        swap(r"^number: .*\n", ""),
        swap(r"^    mac: .*\n", ""),
        swap(r"^mailgun:", "mailgum:"),
        swap(r"^number: .*", "number: 13"),
        swap(r"tag:..", "tag:AA"),
    ],
    ids=["value", "a key less", "no MAC", "key renamed", "plain value", "tag"],
)
def test_a_file_that_was_tampered_with_is_refused(
    vault: Vault, tamper: Callable[[str], str]
) -> None:
    path = vault.folder / "secrets.sops.yaml"
    before = path.read_text(encoding="utf-8")
    path.write_text(tamper(before), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != before
    message = refused(FileTampered, lambda: vault.resolve("postmark.account_token"))
    assert "it was changed after it was encrypted" in message
    # sops prints digests of what it decrypted.
    assert not re.search("[0-9A-F]{32}", message)


def test_every_byte_of_a_value_counts(vault: Vault) -> None:
    path = vault.folder / "secrets.sops.yaml"
    text = path.read_text(encoding="utf-8")
    at = text.index("data:") + len("data:")
    for offset in range(4):
        place = at + offset
        other = "A" if text[place] != "A" else "B"
        path.write_text(text[:place] + other + text[place + 1 :], encoding="utf-8")
        refused(FileTampered, lambda: vault.resolve("mailgun.api_key"))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("plain.yaml", "a: {b: canary-x}\n"),
        ("plain.json", '{"a": {"b": "canary-x"}}'),
        ("plain.env", "A=canary-x\n"),
    ],
)
def test_a_plain_file_is_refused_and_not_repeated(vault: Vault, name: str, plain: str) -> None:
    (vault.folder / name).write_text(plain, encoding="utf-8")
    message = refused(NotEncrypted, lambda: vault.resolve("a.b", name))
    assert "it is not encrypted" in message


@pytest.mark.parametrize("content", ["", "canary: [", "{", "\x00canary", "sops: 1\n", "sops: {}\n"])
@pytest.mark.parametrize("name", ["broken.yaml", "broken.json", "broken.env", "broken.bin"])
def test_a_broken_file_is_an_error_that_repeats_nothing(
    vault: Vault, name: str, content: str
) -> None:
    (vault.folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(SecretError) as caught:
        vault.resolve("a.b", name)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("mailgun.api_kye", "did you mean `mailgun.api_key`?"),
        ("postmark.account", "did you mean `postmark.account_token`?"),
        ("mailgun.list[2]", "did you mean `mailgun.list."),
        ("nowhere", "there is no `nowhere` in it"),
        ("mailgun.api_key.x", "there is no `mailgun.api_key.x` in it"),
        ("mailgun", "`mailgun` is not a text"),
        ("number", "`number` is not a text"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_with_the_nearest(
    vault: Vault, key: str, hint: str
) -> None:
    assert hint in refused(NotInFile, lambda: vault.resolve(key))


def test_a_program_that_is_too_old_is_told_so(vault: Vault) -> None:
    old = program(vault, '[ "$1" = --version ] && echo "sops 3.7.3 (latest)" && exit 0; exit 1')
    message = refused(SopsTooOld, lambda: vault.resolve("a", ESP_RECONCILE_SOPS=old))
    assert "sops 3.7 is too old, 3.11 is wanted" in message


def test_a_program_that_fails_for_its_own_reasons_is_told_by_its_exit_code(vault: Vault) -> None:
    script = '[ "$1" = --version ] && echo "sops 3.13.2" && exit 0; echo canary >&2; exit 7'
    failing = program(vault, script)
    message = refused(SopsFailed, lambda: vault.resolve("a", ESP_RECONCILE_SOPS=failing))
    assert "sops failed with exit code 7" in message


def test_a_program_that_does_not_end_is_ended(vault: Vault) -> None:
    # What it started itself goes on and holds the pipes: that is not waited for.
    hanging = program(vault, "sleep 20 & exec sleep 20")
    limits = {"ESP_RECONCILE_SOPS": hanging, "ESP_RECONCILE_SOPS_TIMEOUT": "1"}
    begun = time.monotonic()
    message = refused(SopsFailed, lambda: vault.resolve("a", **limits))
    assert time.monotonic() - begun < 10
    assert "sops did not end within 1 seconds" in message


@pytest.mark.parametrize("answer", ["canary", "[1]", "[" * 100_000, '"canary"'])
def test_an_answer_that_is_no_mapping_is_refused(vault: Vault, answer: str) -> None:
    (vault.folder.parent / "answer").write_text(answer, encoding="utf-8")
    odd = program(vault, f"cat {vault.folder.parent}/answer")
    refused(SopsFailed, lambda: vault.resolve("a", ESP_RECONCILE_SOPS=odd))


def test_the_program_gets_its_own_keys_and_none_of_the_tokens(vault: Vault) -> None:
    seen = vault.folder.parent / "seen"
    spying = program(vault, f'env > {seen}; echo "$@" >> {seen}; exec sops "$@"')
    tokens = {"POSTMARK_SERVER_TOKEN": "canary-env", "MAILGUN_API_KEY": "canary-env"}
    vault.resolve("mailgun.api_key", ESP_RECONCILE_SOPS=spying, **tokens)
    text = seen.read_text(encoding="utf-8")
    assert "canary" not in text
    assert "SOPS_AGE_KEY_FILE=" in text


@pytest.mark.parametrize(
    "hidden",
    [
        "    hc_vault:\n        - vault_address: http://127.0.0.1:9\n          key_name: b\n",
        "    hc_vault:\n        - VAULT_ADDRESS: http://127.0.0.1:9\n",
        '    hc_vault:\n        - "vault\\x5faddress": http://127.0.0.1:9\n',
        '    hc_vault:\n        - "vault_\\\n            address": http://127.0.0.1:9\n',
        "    hc_vault:\n        - ? vault_address # x\n          : http://127.0.0.1:9\n",
        "    hc_vault:\n        - !!binary dmF1bHRfYWRkcmVzcw==: http://127.0.0.1:9\n",
        "    azure_kv:\n        - vault_url: https://127.0.0.1\n",
        "    azure_kv:\n        - vault_url: https://x.vault.azure.net@127.0.0.1\n",
        "    azure_kv:\n        - {vault_url: 'https://x.vault.azure.net.example.com'}\n",
        "    kms:\n        - arn: arn:aws:kms:x@127.0.0.1/:1:key/1\n",
    ],
)
def test_a_file_that_would_lead_sops_to_a_foreign_server_is_not_decrypted(
    vault: Vault, hidden: str
) -> None:
    path = vault.folder / "secrets.sops.yaml"
    text = path.read_text(encoding="utf-8").replace("sops:\n", f"sops:\n{hidden}", 1)
    path.write_text(text, encoding="utf-8")
    never = program(vault, f"touch {vault.folder.parent}/called")
    message = refused(SecretError, lambda: vault.resolve("a", ESP_RECONCILE_SOPS=never))
    assert "would lead sops to " in message
    assert not (vault.folder.parent / "called").exists()


def test_the_operators_own_vault_is_no_foreign_server(vault: Vault) -> None:
    path = vault.folder / "secrets.sops.yaml"
    mine = "    hc_vault:\n        - vault_address: http://127.0.0.1:9/\n          key_name: b\n"
    text = path.read_text(encoding="utf-8").replace("sops:\n", f"sops:\n{mine}", 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SecretError) as caught:
        vault.resolve("a", VAULT_ADDR="http://127.0.0.1:9")
    assert "would lead sops to" not in str(caught.value)


def test_a_secret_that_is_called_like_an_address_is_still_a_secret(vault: Vault) -> None:
    vault.encrypt("other.yaml", "vault_url: canary-x\narn: canary-y\n")
    assert vault.resolve("vault_url", "other.yaml").reveal() == "canary-x"


def test_a_file_outside_the_folder_is_not_decrypted(vault: Vault) -> None:
    (vault.folder.parent / "out.yaml").write_bytes(
        (vault.folder / "secrets.sops.yaml").read_bytes()
    )
    (vault.folder / "link.yaml").symlink_to("../out.yaml")
    for name in ("../out.yaml", "link.yaml"):
        with pytest.raises(SecretError, match="lies outside the folder"):
            vault.resolve("mailgun.api_key", name)
    os.mkfifo(vault.folder / "pipe.yaml")
    with pytest.raises(SecretError, match="not a regular file"):
        vault.resolve("mailgun.api_key", "pipe.yaml")


@pytest.mark.parametrize("key", ["mailgun.api_key", "a.new.one", "mailgun.list[0]"])
def test_a_value_is_set_encrypted_and_never_lies_about_in_the_clear(vault: Vault, key: str) -> None:
    seen = vault.folder.parent / "seen"
    spying = program(vault, f'env >> {seen}; echo "$@" >> {seen}; exec sops "$@"')
    value = 'canary-"new" ü\\'
    resolver = vault.resolver(ESP_RECONCILE_SOPS=spying)
    before = resolver.resolve(vault.reference("postmark.account_token"))
    resolver.sops.set(vault.reference(key), Secret(value))
    assert resolver.resolve(vault.reference(key)).reveal() == value
    assert vault.resolve("postmark.account_token").reveal() == before.reveal()
    for path in vault.folder.parent.rglob("*"):
        if path.is_file() and not stat.S_ISFIFO(path.stat().st_mode):
            assert b"canary" not in path.read_bytes()


def test_a_new_file_is_made_by_the_rules_beside_it(vault: Vault) -> None:
    rules = f"creation_rules:\n  - age: {vault.recipient}\n"
    (vault.folder / ".sops.yaml").write_text(rules, encoding="utf-8")
    vault.resolver().sops.set(vault.reference("a.b", "new.sops.yaml"), Secret("canary-x"))
    assert vault.resolve("a.b", "new.sops.yaml").reveal() == "canary-x"
    assert "canary" not in (vault.folder / "new.sops.yaml").read_text(encoding="utf-8")


def test_a_new_file_without_rules_is_refused(vault: Vault) -> None:
    reference = vault.reference("a.b", "new.sops.yaml")
    message = refused(SopsFailed, lambda: vault.resolver().sops.set(reference, Secret("canary-x")))
    assert ".sops.yaml" in message
    assert not (vault.folder / "new.sops.yaml").exists()


def test_the_keys_of_a_file_are_known_without_the_values(vault: Vault) -> None:
    tree = vault.resolver().sops.tree(vault.reference(""))
    assert list(key_names(tree)) == [
        "postmark.account_token",
        "mailgun.api_key",
        "mailgun.list.0",
        "mailgun.list.1",
    ]
    assert "canary" not in repr(tree)


def set_to(vault: Vault, key: str, name: str = "secrets.sops.yaml") -> None:
    vault.resolver().sops.set(vault.reference(key, name), Secret("canary-written"))


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("mailgun", "secrets.sops.yaml"),
        ("mailgun.list", "secrets.sops.yaml"),
        ("mailgun.api_key.deeper", "secrets.sops.yaml"),
        ("mailgun.list[7]", "secrets.sops.yaml"),
        ("new[3]", "secrets.sops.yaml"),
        ("number.a", "secrets.sops.yaml"),
        ("token_unencrypted", "secrets.sops.yaml"),
        ("sops.age", "secrets.sops.yaml"),
        ("a.b.c", "s.ini"),
        ("top", "s.ini"),
        ("a.b", "s.env"),
        ("more", "s.bin"),
    ],
)
def test_what_would_harm_a_file_is_not_written(vault: Vault, key: str, name: str) -> None:
    vault.encrypt("s.ini", "[a]\nb = canary-x\n", "ini")
    vault.encrypt("s.env", "TOKEN=canary-x\n", "dotenv")
    vault.encrypt("s.bin", "canary-x", "binary")
    before = (vault.folder / name).read_bytes()
    with pytest.raises(SecretError):
        set_to(vault, key, name)
    assert (vault.folder / name).read_bytes() == before


def test_a_new_value_and_a_changed_one_are_set_in_every_store(vault: Vault) -> None:
    vault.encrypt("s.ini", "[a]\nb = canary-x\n", "ini")
    vault.encrypt("s.env", "TOKEN=canary-x\n", "dotenv")
    vault.encrypt("s.json", '{"a": "canary-x"}', "json")
    for name, keys in {"s.ini": ["a.b", "a.c"], "s.env": ["TOKEN", "NEW"], "s.json": "ab"}.items():
        for key in keys:
            set_to(vault, key, name)
            assert vault.resolve(key, name).reveal() == "canary-written"


def test_rules_that_leave_a_value_out_are_noticed_before_it_is_written(vault: Vault) -> None:
    rules = f"creation_rules:\n  - age: {vault.recipient}\n    encrypted_regex: ^token$\n"
    (vault.folder / ".sops.yaml").write_text(rules, encoding="utf-8")
    set_to(vault, "a.token", "part.yaml")
    before = (vault.folder / "part.yaml").read_bytes()
    message = refused(NotEncrypted, lambda: set_to(vault, "a.api_key", "part.yaml"))
    assert "by its rules `a.api_key` would stand in it unencrypted" in message
    assert (vault.folder / "part.yaml").read_bytes() == before
    refused(NotEncrypted, lambda: set_to(vault, "a.api_key", "other.yaml"))
    assert not (vault.folder / "other.yaml").exists()


def test_a_value_that_was_left_out_of_the_encryption_is_not_used(vault: Vault) -> None:
    arguments = ("encrypt", "--age", vault.recipient, "--filename-override", "p.yaml")
    more = ("--input-type", "yaml", "--output-type", "yaml", "--encrypted-regex", "^token$")
    text = vault.sops(*arguments, *more, stdin="token: canary-token\napi_key: canary-in-clear\n")
    (vault.folder / "p.yaml").write_text(text, encoding="utf-8")
    assert vault.resolve("token", "p.yaml").reveal() == "canary-token"
    assert "`api_key` is not encrypted in it" in refused(
        NotEncrypted, lambda: vault.resolve("api_key", "p.yaml")
    )


def test_a_key_may_have_dots_in_its_name(vault: Vault) -> None:
    vault.encrypt("dots.yaml", '"a.b": canary-1\nc: {"d.e": {f: canary-2}}\n')
    assert vault.resolve("a.b", "dots.yaml").reveal() == "canary-1"
    assert vault.resolve("c.d.e.f", "dots.yaml").reveal() == "canary-2"


def test_a_file_that_is_called_env_and_nothing_else_is_one(vault: Vault) -> None:
    vault.encrypt(".env", "TOKEN=canary-x\n", "dotenv")
    assert vault.resolve("TOKEN", ".env").reveal() == "canary-x"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda _: "", "it is empty"),
        (lambda text: f"<<<<<<< HEAD\n{text}", "a merge left conflict markers in it"),
        (lambda text: f"{text}---\nb: 1\n", "it holds several YAML documents"),
    ],
)
def test_an_accident_with_a_file_is_called_by_its_name(
    vault: Vault, spoil: Callable[[str], str], told: str
) -> None:
    path = vault.folder / "secrets.sops.yaml"
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert told in refused(FileTampered, lambda: vault.resolve("mailgun.api_key"))
