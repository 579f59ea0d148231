"""The `.sops.yaml` by which `secrets set` encrypts: what it may say, and where it may lead sops."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from vault import Vault, open_vault

from reconciler.errors import SecretError
from reconciler.model import Secret

TOKEN = "canary-login"
VALUE = "canary-written"


class Transit(ThreadingHTTPServer):
    """A Vault's transit engine that encrypts nothing, and remembers all that it was told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.address = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http://{self.address}"
        self.told: list[str] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}).start()


class _Asked(BaseHTTPRequestHandler):
    server: Transit

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.told.append(f"{self.path}\n{self.headers}{content.decode()}")
        sent = json.loads(content)
        data = (
            {"ciphertext": f"vault:v1:{sent['plaintext']}"}
            if "plaintext" in sent
            else {"plaintext": sent["ciphertext"].removeprefix("vault:v1:")}
        )
        answer = json.dumps({"data": data}).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT  # noqa: N815 - named by the method

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def transit() -> Iterator[Transit]:
    with Transit() as running:
        yield running
        running.shutdown()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(tmp_path)


def write(vault: Vault, name: str = "new.sops.yaml", key: str = "a.b", **env: str) -> None:
    resolver = vault.resolver(VAULT_TOKEN=TOKEN, **env)
    resolver.sops.set(vault.reference(key, name), Secret(VALUE))


def says(vault: Vault, rules: str, folder: Path | None = None, name: str = ".sops.yaml") -> Path:
    path = (folder or vault.folder) / name
    path.write_text(rules.replace("@AGE@", vault.recipient), encoding="utf-8")
    return path


URI = "http://@AT@/v1/transit/keys/k"
HOSTILE = {
    "a text": f"creation_rules: [{{hc_vault_transit_uri: '{URI}'}}]",
    "a list": f"creation_rules: [{{hc_vault_transit_uri: ['{URI}']}}]",
    "beside an age key": f"creation_rules: [{{age: @AGE@, hc_vault_transit_uri: '{URI}'}}]",
    "the second of a text": (
        f"creation_rules: [{{hc_vault_transit_uri: 'http://own.example/v1/transit/keys/k,{URI}'}}]"
    ),
    "in a group": f"creation_rules: [{{key_groups: [{{age: [@AGE@], hc_vault: ['{URI}']}}]}}]",
    "in a merged group": (
        f"creation_rules: [{{key_groups: [{{merge: [{{hc_vault: ['{URI}']}}]}}]}}]"
    ),
    "behind an alias": f"x: &x {URI}\ncreation_rules: [{{hc_vault_transit_uri: *x}}]",
    "a key behind an alias": f"x: &k hc_vault_transit_uri\ncreation_rules:\n  - *k : {URI}",
    "a merge": f"x: &x {{hc_vault_transit_uri: '{URI}'}}\ncreation_rules:\n  - <<: *x",
    "escapes": (
        'creation_rules: [{"hc\\u005fvault\\x5ftransit_uri": '
        '"http:\\/\\x2f@AT@\\u002fv1/transit/keys/k"}]'
    ),
    "a folded text": f"creation_rules:\n  - hc_vault_transit_uri: >-\n      {URI}",
    "a broken line": (
        'creation_rules:\n  - hc_vault_transit_uri: "http:/\\\n      /@AT@/v1/transit/keys/k"'
    ),
    "in JSON": json.dumps({"creation_rules": [{"hc_vault_transit_uri": URI}]}),
    "the operator's Vault as a user": (
        "creation_rules: [{hc_vault_transit_uri: 'http://own.example@@AT@/v1/transit/keys/k'}]"
    ),
    "no path, but a query": "creation_rules: [{hc_vault_transit_uri: 'http://@AT@?/v1/t/keys/k'}]",
    "a Vault of Azure's": "creation_rules: [{azure_keyvault: 'https://@AT@/keys/a/b'}]",
    "a Vault like Azure's": (
        "creation_rules: [{azure_keyvault: 'https://x.vault.azure.net@@AT@/keys/a/b'}]"
    ),
    "Azure in a group": (
        "creation_rules: [{key_groups: [{azure_keyvault: [{vaultUrl: 'https://@AT@', key: a}]}]}]"
    ),
    "a region that is a host": "creation_rules: [{kms: 'arn:aws:kms:x@@AT@/:1:key/1'}]",
    "a region behind a good one": (
        "creation_rules: [{kms: ['arn:aws:kms:us-east-1:1:key/1,arn:aws:kms:x@@AT@/:1:key/1']}]"
    ),
    "a role elsewhere": (
        "creation_rules: [{key_groups: [{kms: [{arn: 'arn:aws:kms:us-east-1:1:key/1', "
        "role: 'arn:aws:sts:x@@AT@/:1:role/x'}]}]}]"
    ),
    "a key that sops may know one day": f"creation_rules: [{{age: @AGE@, openbao_uri: '{URI}'}}]",
    "a tag": "creation_rules: [{hc_vault_transit_uri: !!binary 'aHR0cDovLzEyNy4wLjAuMTo5'}]",
    "an alias to itself": "creation_rules: &a [*a]",
    "very deep": f"creation_rules: {'[' * 5000}",
    "very many": "x: &a [1,1,1,1,1,1,1,1,1]\n"
    + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    + "creation_rules: [*h]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_rules_that_lead_to_a_foreign_server_are_not_handed_to_sops(
    vault: Vault, transit: Transit, name: str
) -> None:
    says(vault, HOSTILE[name].replace("@AT@", transit.address))
    with pytest.raises(SecretError) as caught:
        write(
            vault, VAULT_ADDR="http://own.example", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x"
        )
    assert str(caught.value).startswith(
        f"{vault.folder}/esp.yaml:5:12: {vault.folder}/.sops.yaml: "
    )
    assert "canary" not in str(caught.value)
    assert transit.told == []
    assert not (vault.folder / "new.sops.yaml").exists()


def test_rules_above_the_folder_and_those_that_a_variable_names_are_judged_as_well(
    vault: Vault, transit: Transit, tmp_path: Path
) -> None:
    hostile = HOSTILE["a text"].replace("@AT@", transit.address)
    above = says(vault, hostile, tmp_path)
    with pytest.raises(SecretError, match="would lead sops to"):
        write(vault)
    above.unlink()
    named = says(vault, hostile, tmp_path, "other.yaml")
    with pytest.raises(SecretError, match="would lead sops to"):
        write(vault, SOPS_CONFIG=str(named))
    with pytest.raises(SecretError, match=r"\(SOPS_CONFIG\) is not there"):
        write(vault, SOPS_CONFIG="/nowhere")
    assert transit.told == []


def test_hostile_rules_do_not_reach_a_file_that_is_there_already(
    vault: Vault, transit: Transit
) -> None:
    says(vault, HOSTILE["beside an age key"].replace("@AT@", transit.address))
    before = (vault.folder / "secrets.sops.yaml").read_bytes()
    with pytest.raises(SecretError, match="would lead sops to"):
        write(vault, "secrets.sops.yaml")
    assert (vault.folder / "secrets.sops.yaml").read_bytes() == before
    assert vault.resolve("mailgun.api_key").reveal() == "canary-mailgun"
    assert transit.told == []


def test_rules_behind_a_link_are_not_read(vault: Vault, tmp_path: Path) -> None:
    says(vault, "canary: 1", tmp_path, "elsewhere.yaml")
    (vault.folder / ".sops.yaml").symlink_to("../elsewhere.yaml")
    with pytest.raises(SecretError, match="a link, which is not followed here"):
        write(vault)


GOOD = {
    "a text": "creation_rules: [{age: @AGE@}]",
    "a comment with an address": "# see https://getsops.io\ncreation_rules:\n  - age: @AGE@  # http://x",
    "a list": "creation_rules: [{path_regex: '\\.sops\\.yaml$', age: ['@AGE@']}]",
    "a group by alias": "keys: [&me @AGE@]\ncreation_rules: [{key_groups: [{age: [*me]}]}]",
    "a folded text": "creation_rules:\n  - age: >-\n      @AGE@",
    "rules for publishing": (
        "creation_rules: [{age: @AGE@}]\n"
        "destination_rules: [{vault_path: x, vault_address: 'http://127.0.0.1:1'}]"
    ),
    "a suffix and a number": (
        "creation_rules: [{age: @AGE@, encrypted_suffix: b, shamir_threshold: 0}]"
    ),
    "a flag and a width": (
        "stores: {yaml: {indent: 2}}\ncreation_rules: [{age: @AGE@, mac_only_encrypted: true}]"
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_ordinary_rules_are_followed(vault: Vault, name: str) -> None:
    says(vault, GOOD[name])
    write(vault)
    assert vault.resolve("a.b", "new.sops.yaml").reveal() == VALUE
    content = (vault.folder / "new.sops.yaml").read_text(encoding="utf-8")
    assert VALUE not in content
    assert ("\n  b: ENC" in content) == (name == "a flag and a width")


def test_patterns_see_the_file_from_the_folder_of_the_rules(vault: Vault, tmp_path: Path) -> None:
    rules = "creation_rules: [{path_regex: '^conf/new', age: @AGE@}, {pgp: AAAAAAAA}]"
    above = says(vault, rules, tmp_path)
    write(vault)
    assert vault.resolve("a.b", "new.sops.yaml").reveal() == VALUE
    (vault.folder / "new.sops.yaml").unlink()
    above.unlink()
    named = says(vault, rules, tmp_path, "other.yaml")
    write(vault, SOPS_CONFIG=str(named))
    assert vault.resolve("a.b", "new.sops.yaml").reveal() == VALUE


def test_the_operators_own_vault_may_be_named(vault: Vault, transit: Transit) -> None:
    says(vault, f"creation_rules: [{{hc_vault_transit_uri: {transit.url}/v1/transit/keys/k}}]")
    write(vault, VAULT_ADDR=f"{transit.url}/")
    own = {"VAULT_ADDR": transit.url, "VAULT_TOKEN": TOKEN}
    assert vault.resolve("a.b", "new.sops.yaml", **own).reveal() == VALUE
    assert any(TOKEN in each for each in transit.told)
    transit.told.clear()
    with pytest.raises(SecretError, match="would lead sops to"):
        vault.resolve("a.b", "new.sops.yaml", VAULT_ADDR="http://127.0.0.1:1", VAULT_TOKEN=TOKEN)
    assert transit.told == []


def test_a_file_that_somebody_else_changes_meanwhile_is_left_alone(vault: Vault) -> None:
    path = vault.folder / "secrets.sops.yaml"
    meddling = vault.folder.parent / "program"
    meddling.write_text(f'#!/bin/sh\necho "# more" >> {path}; exec sops "$@"\n', encoding="utf-8")
    meddling.chmod(0o755)
    with pytest.raises(SecretError, match="somebody else changed it meanwhile"):
        write(vault, path.name, ESP_RECONCILE_SOPS=str(meddling))
    assert path.read_text(encoding="utf-8").endswith("# more\n")


def test_setting_a_value_keeps_who_may_read_the_file(vault: Vault) -> None:
    path = vault.folder / "secrets.sops.yaml"
    path.chmod(0o640)
    write(vault, path.name)
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in vault.folder.iterdir()] == [path.name]
