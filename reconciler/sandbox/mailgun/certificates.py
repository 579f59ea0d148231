"""TLS certificates of tracking hosts (mailgun.md §6.3)."""

import datetime as dt
import time
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Visit
from reconciler.sandbox.mailgun.answers import refused, reply
from reconciler.sandbox.mailgun.records import tracking_host

ENDPOINTS = Endpoints()
HOST = "/v2/x509/{host}"
NINETY_DAYS = 90 * 24 * 3600
Certificate = dict[str, Any]


@ENDPOINTS.on("GET", HOST + "/status")
def get_status(visit: Visit) -> Response:
    certificate = _certificates(visit).get(visit.name("host"))
    if certificate is None:
        text = "Please initiate x509 key pair generation at POST /v2/x509/{domain}"
        raise refused(404, Description=text)
    return reply(_view(certificate))


def _certificates(visit: Visit) -> dict[str, Certificate]:
    certificates: dict[str, Certificate] = visit.region.state["certificates"]
    return certificates


def _view(certificate: Certificate) -> dict[str, Any]:
    now = time.time()
    if now < certificate["ready_at"]:
        return {"status": "processing", "error": "Waiting for x509 key pair generation"}
    pem = certificate["pem"]
    if now >= certificate["expires_at"]:
        error = "x509 certificate has expired"
        return {"status": "expired", "error": error, "certificate": pem}
    return {"status": "active", "error": None, "certificate": pem}


@ENDPOINTS.on("POST", HOST)
def generate(visit: Visit) -> Response:
    host = _tracking_host(visit)
    if host in _certificates(visit):
        text = f"x509 key pair generation has already been initiated for {host}"
        raise refused(409, Description=text)
    return _start(visit, host)


def _tracking_host(visit: Visit) -> str:
    host = visit.name("host")
    if host not in map(tracking_host, visit.region.entries(visit.subaccount)):
        raise refused(404, Description="x509 cert not found")
    return host


def _start(visit: Visit, host: str) -> Response:
    """Need the CNAME, through which the certificate comes (§6.3)."""
    if not visit.world.is_published(host):
        raise refused(400, Reason="invalid CNAME record")
    ready_at = time.time() + visit.setting("x509_delay", 0.3)
    expires_at = ready_at + visit.setting("x509_lifetime", NINETY_DAYS)
    _certificates(visit)[host] = {
        "ready_at": ready_at,
        "expires_at": expires_at,
        "pem": _self_signed(host, ready_at, expires_at),
    }
    location = f"/v2/x509/{host}/status"
    return reply({"message": "Initiated x509 key pair generation", "location": location}, 202)


def _self_signed(host: str, start: float, end: float) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    # The common name holds at most 64 characters; the alternative name is the one that counts.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(_moment(start))
        .not_valid_after(_moment(max(end, start + 1)))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


@ENDPOINTS.on("PUT", HOST)
def renew(visit: Visit) -> Response:
    host = visit.name("host")
    certificate = _certificates(visit).get(host)
    if certificate is None:
        raise refused(404, Description="x509 cert not found")
    _check_is_over(host, certificate)
    return _start(visit, host)


def _check_is_over(host: str, certificate: Certificate) -> None:
    status = _view(certificate)["status"]
    if status == "processing":
        text = f"x509 key pair generation job is already in progress for {host}"
        raise refused(429, Description=text)
    if status == "active":
        end = _moment(certificate["expires_at"]).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
        raise refused(409, Description=f"x509 certificate is still valid until {end}")
