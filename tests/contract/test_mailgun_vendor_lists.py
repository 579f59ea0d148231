"""The vendor's Python client keeps suppressions, has lists validated and imports DKIM keys."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from mailgun.client import Client
from mailgun_box import Served, fresh, served, vendor

NAME = "mg.example.net"
ADDRESS = "ann@example.com"
CSV = b"email\nann@example.com\nANN@example.com\nbob@x.invalid\n"
NEVER = 1e9


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def box(server: Served) -> Served:
    return fresh(server)


def let(box: Served, **settings: Any) -> None:
    box.control("mailgun_us", "POST", "settings", settings)


@pytest.mark.parametrize("name", ["bounces", "complaints", "unsubscribes", "whitelists"])
def test_suppressions_are_made_imported_and_deleted(box: Served, name: str) -> None:
    with vendor(box) as client:
        lists, files = getattr(client, name), getattr(client, f"{name}_import")
        one = {f"{name[:-1]}_address": ADDRESS}
        assert lists.create(data={"address": ADDRESS}, domain=NAME).status_code == 200
        assert lists.get(domain=NAME, **one).status_code == 200
        answer = files.create(domain=NAME, files={"vendors_name": b"address\nbob@example.com\n"})
        assert answer.status_code == 202
        assert len(lists.get(domain=NAME).json()["items"]) == 2
        assert lists.delete(domain=NAME, **one).status_code == 200
        assert lists.get(domain=NAME, **one).status_code == 404
        assert lists.delete(domain=NAME).status_code == 200
        assert lists.get(domain=NAME).json()["items"] == []


@pytest.mark.parametrize("name", ["bounces", "complaints", "unsubscribes"])
def test_a_record_or_a_list_of_them_is_sent_as_json(box: Served, name: str) -> None:
    as_json = {"Content-Type": "application/json"}
    many = [{"address": f"{letter}@example.com", "tags": ["some tag"]} for letter in "abc"]
    with vendor(box) as client:
        lists = getattr(client, name)
        for data in (many[0], many):
            answer = lists.create(data=data, domain=NAME, headers=as_json)
            assert answer.status_code == 200
        pages = lists.get(domain=NAME, filters={"limit": 2}).json()
        assert [each["address"] for each in pages["items"]] == ["a@example.com", "b@example.com"]
        answer = lists.create(data=[{"address": "nobody"}], domain=NAME, headers=as_json)
        assert answer.status_code == 400


def job_of(client: Client, name: str = "spring") -> Any:
    """Return the endpoint of a job; this version of the client lacks the one its examples name."""
    return getattr(client, f"address_validate_bulk_{name}")


def submitted(client: Client, name: str = "spring") -> Any:
    job = job_of(client, name)
    assert job.create(files={"file": ("spring.csv", CSV, "text/csv")}).status_code == 202
    return job.get().json()


def test_a_list_is_validated_and_its_results_are_downloaded(box: Served) -> None:
    let(box, mailgun_bulk_step=0)
    with vendor(box) as client:
        job = submitted(client)
        assert (job["status"], job["quantity"], job["records_processed"]) == ("uploaded", 3, 2)
        assert job["summary"]["result"]["undeliverable"] == 1
        with urlopen(job["download_url"]["csv"]) as response:
            archive = zipfile.ZipFile(io.BytesIO(response.read()))
        assert archive.read("results.csv").startswith(b"address,result,risk")
        jobs = client.address_bulk.get(filters={"limit": 1}).json()
        assert [each["id"] for each in jobs["jobs"]] == ["spring"]


def test_a_job_waits_fails_and_is_cancelled(box: Served) -> None:
    let(box, mailgun_bulk_step=0, mailgun_bulk_delays={"uploading": NEVER})
    with vendor(box) as client:
        assert submitted(client)["status"] == "uploading"
        cancelled = job_of(client).delete()
        assert cancelled.json() == {"message": "Validation job canceled."}
        let(box, mailgun_bulk_failure="the file could not be read")
        failed = submitted(client, "summer")
        assert (failed["status"], failed["reason"]) == ("failed", "the file could not be read")


def test_a_link_to_results_expires(box: Served) -> None:
    let(box, mailgun_bulk_step=0, mailgun_download_lifetime=0)
    with vendor(box) as client:
        url = submitted(client)["download_url"]["csv"]
    with pytest.raises(HTTPError, match="403"):
        urlopen(url)


def test_a_dkim_key_is_imported_from_a_file(box: Served) -> None:
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    data = {"signing_domain": NAME, "selector": "mine", "bits": "2048"}
    with vendor(box) as client:
        key = client.dkim_keys.create(data=data, files=[("pem", ("server.key", pem))]).json()
        assert key["dns_record"]["value"].startswith("k=rsa; p=MIIBIj")
        data["selector"] = "other"
        answer = client.dkim_keys.create(data=data, files=[("pem", ("server.key", b"lorem ipsum"))])
        text = "failed to import domain key: failed to parse PEM"
        assert (answer.status_code, answer.json()) == (400, {"message": text})
