"""What the real reader of each format makes of a text, as a list of records with no format.

Each returns a list, so that a record that stands there twice is seen. None of them knows how ours
is written: what decodes here is BIND, octoDNS, Terraform, Node, PyYAML and dnspython.
"""

import base64
import ipaddress
import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dns.rdata
import yaml
from dns.rdtypes.ANY.TXT import TXT
from jsonschema import Draft202012Validator
from octodns.provider.yaml import YamlProvider  # type: ignore[import-untyped]
from octodns.record import Record  # type: ignore[import-untyped]
from octodns.zone import Zone  # type: ignore[import-untyped]
from required import needs

from reconciler.handover import ZoneRecord

HERE = Path(__file__).parent
ROOT_ZONE = """\
$TTL 77
. IN SOA ns.invalid. post.invalid. 1 3600 600 604800 300
. IN NS ns.invalid.
ns.invalid. IN A 192.0.2.53
$ORIGIN wrong.invalid.
"""
ENDPOINT = Draft202012Validator(json.loads((HERE / "dnsendpoint.schema.json").read_text("utf-8")))
Reader = Callable[[str, Path], list[ZoneRecord]]


def run(*command: str | Path, stdin: str | None = None) -> str:
    """Return what a program prints, which must be content and have nothing to remark."""
    env = {key: value for key, value in os.environ.items() if key != "TF_CLI_CONFIG_FILE"}
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, env=env, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def record(name: str, kind: str, data: str, ttl: int) -> ZoneRecord:
    """Return a record of what a zone file says of it; a target's dot is insisted upon."""
    rdata = dns.rdata.from_text("IN", kind, data, relativize=False)
    if isinstance(rdata, TXT):
        return ZoneRecord(name, kind, b"".join(rdata.strings).decode("utf-8"), ttl)
    *priority, value = data.split(" ")
    if kind in {"CNAME", "MX"}:
        assert value.endswith(".")
        value = value[:-1]
    elif kind == "AAAA":
        value = str(ipaddress.ip_address(value))
    return ZoneRecord(name, kind, value, ttl, int(priority[0]) if priority else None)


def dumped(zone: str, file: Path) -> list[ZoneRecord]:
    """Return what named reads in a zone file, but for what makes it a zone."""
    needs("named-checkzone")
    dump = file.with_suffix(".dump")
    strict = ("-i", "none", "-k", "fail", "-m", "fail", "-r", "fail", "-s", "full")
    run("named-checkzone", "-q", *strict, "-D", "-o", dump, zone, file)
    lines = [re.split(r"\s+", line, maxsplit=4) for line in dump.read_text("ascii").splitlines()]
    return [
        record(name.removesuffix("."), kind, data, int(ttl))
        for name, ttl, _, kind, data in lines
        if kind not in {"SOA", "NS"} and name != "ns.invalid."
    ]


def bind(text: str, folder: Path) -> list[ZoneRecord]:
    """Load all zones at once, below the root, where another origin and TTL would be taken."""
    file = folder / "root.zone"
    file.write_text(ROOT_ZONE + text, encoding="ascii")
    return dumped(".", file)


def octodns_files(text: str, folder: Path) -> list[str]:
    """Write each document to the file that its comment names, and return the zones."""
    parts = re.split(r"^# (\S+)\.yaml: .*$", text, flags=re.MULTILINE)[1:]
    zones = dict(zip(parts[::2], parts[1::2], strict=True))
    for zone, document in zones.items():
        (folder / f"{zone}.yaml").write_text(document, encoding="ascii")
    return list(zones)


def octodns_zones(text: str, folder: Path, *, is_escaped: bool = True) -> list[Zone]:
    """Load the zones as octoDNS does that insists on order, final dots and all its rules."""
    Record.enable_validators(["strict"])
    Record.enable_validator("target-value-best-practice", types=["CNAME"])
    Record.enable_validator("mx-value-best-practice", types=["MX"])
    names = octodns_files(text, folder)
    provider = YamlProvider("x", folder, enforce_order=True, escaped_semicolons=is_escaped)
    zones = [Zone(f"{name}.", []) for name in names]
    for zone in zones:
        provider.populate(zone, lenient=False)
    return zones


def octodns(text: str, folder: Path, *, is_escaped: bool = True) -> list[ZoneRecord]:
    zones = octodns_zones(text, folder, is_escaped=is_escaped)
    sets = [each.to_rrset() for zone in zones for each in zone.records]
    return [
        record(each.name.removesuffix("."), each._type, rdata, each.ttl)  # noqa: SLF001
        for each in sets
        for rdata in each.rdatas
    ]


def resources(text: str, folder: Path) -> list[dict[str, Any]]:
    """Return the arguments of resources as Terraform evaluates them, if they are well written."""
    needs("terraform")
    (folder / "fragment.tf").write_text(text, encoding="ascii")
    run("terraform", f"-chdir={folder}", "fmt", "-check", "-diff")
    blocks, count = re.subn(
        r'^resource "(\w+)" "([A-Za-z_][\w-]*)" \{$', r"\2 = {", text, flags=re.MULTILINE
    )
    assert count == len(re.findall("^resource", text, flags=re.MULTILINE))
    zones = sorted(set(re.findall(r'^  zone_id += var\.zone_ids\["(.*)"\]$', text, re.MULTILINE)))
    ids = json.dumps({zone: f"id of {zone}" for zone in zones})
    declared = f'variable "zone_ids" {{\n default = {ids}\n}}\nlocals {{\n all = {{\n'
    (folder / "fragment.tf").write_text(f"{declared}{blocks}}}\n}}\n", encoding="ascii")
    said = "base64encode(jsonencode(local.all))\n"
    told = json.loads(run("terraform", f"-chdir={folder}", "console", stdin=said))
    found = json.loads(base64.b64decode(told))
    assert len(found) == count
    for each in found.values():
        assert f".{each['name']}".endswith(each["zone_id"].replace("id of ", ".", 1))
    return list(found.values())


def cloudflare(text: str, folder: Path) -> list[ZoneRecord]:
    found = []
    for each in resources(text, folder):
        content = each["content"]
        assert each.get("proxied") is (None if each["type"] in {"TXT", "MX"} else False)
        if each["type"] == "TXT":
            assert content.startswith('"')
            found.append(record(each["name"], "TXT", content, each["ttl"]))
        else:
            found.append(
                ZoneRecord(each["name"], each["type"], content, each["ttl"], each.get("priority"))
            )
    return found


def route53(text: str, folder: Path) -> list[ZoneRecord]:
    found = resources(text, folder)
    keys = [(each["name"], each["type"]) for each in found]
    assert len(keys) == len(set(keys))
    return [
        _of_route53(each["name"], each["type"], value, each["ttl"])
        for each in found
        for value in each["records"]
    ]


def _of_route53(name: str, kind: str, value: str, ttl: int) -> ZoneRecord:
    """Read what the provider sends: a text in quotes, in which numbers are octal."""
    if kind == "TXT":
        assert re.fullmatch(r'(?:[^"\\]|\\.|"")*', value)
        data = re.sub(r'\\[0-7]{3}|\\.|""', lambda sign: _in_zone_files(sign[0]), value)
        return record(name, kind, f'"{data}"', ttl)
    return record(name, kind, f"{value}." if kind in {"CNAME", "MX"} else value, ttl)


def _in_zone_files(sign: str) -> str:
    if sign == '""':
        return '" "'
    return f"\\{int(sign[1:], 8):03d}" if sign[1].isdecimal() else sign


def dnscontrol(text: str, folder: Path) -> list[ZoneRecord]:
    needs("node")
    file = folder / "dnsconfig.js"
    file.write_text(text, encoding="ascii")
    told = json.loads(run("node", HERE / "dnscontrol.mjs", file))
    return [ZoneRecord(**each) for each in told]


def external_dns(text: str, folder: Path) -> list[ZoneRecord]:
    del folder
    documents = list(yaml.safe_load_all(text))
    for each in documents:
        ENDPOINT.validate(each)
    names = [each["metadata"]["name"] for each in documents]
    assert len(names) == len(set(names))
    return [
        _of_endpoint(endpoint, target)
        for each in documents
        for endpoint in each["spec"]["endpoints"]
        for target in endpoint["targets"]
    ]


def _of_endpoint(endpoint: Mapping[str, Any], target: str) -> ZoneRecord:
    name, kind, ttl = endpoint["dnsName"], endpoint["recordType"], endpoint["recordTTL"]
    if kind == "MX":
        priority, host = target.split(" ")
        return ZoneRecord(name, kind, host, ttl, int(priority))
    return ZoneRecord(name, kind, target, ttl)


READERS: Mapping[str, Reader] = {
    "bind": bind,
    "octodns": octodns,
    "terraform-cloudflare": cloudflare,
    "terraform-route53": route53,
    "dnscontrol": dnscontrol,
    "external-dns": external_dns,
}
