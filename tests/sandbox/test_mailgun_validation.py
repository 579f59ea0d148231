import csv
import gzip
import io
import json
import zipfile
from typing import Any

import pytest
from mailgun_account import NEVER, MailgunAccount, content, refusal

ONE = "/v4/address/validate"
BULK = "/v4/address/validate/bulk"
PREVIEW = "/v4/address/validate/preview"
LIST = b"name,Email\nAnn,ann@example.com\nAnn,ANN@example.com\nBob,bob@x.invalid\n"


def submit(account: MailgunAccount, path: str, content_: bytes = LIST) -> Any:
    return account.us.post(path, files={"file": ("list.csv", content_)})


@pytest.mark.parametrize(
    ("address", "result", "risk", "reason"),
    [
        ("ann@example.com", "deliverable", "low", []),
        ("info@example.com", "deliverable", "medium", ["mailbox_is_role_address"]),
        ("ann@mailinator.com", "do_not_send", "high", ["mailbox_is_disposable_address"]),
        ("ann@x.invalid", "undeliverable", "high", ["no_mx"]),
        ("missing@example.com", "undeliverable", "high", ["mailbox_does_not_exist"]),
        ("ann@catchall.example", "catch_all", "medium", ["catch_all"]),
        ("unknown@example.com", "unknown", "unknown", ["unknown_provider"]),
        ("ann", "undeliverable", "high", ["failed custom grammar check"]),
    ],
)
def test_one_address_is_judged(address: str, result: str, risk: str, reason: list[str]) -> None:
    us = MailgunAccount().us
    body = content(us.get(ONE, params={"address": address}))
    assert (body["result"], body["risk"], body["reason"]) == (result, risk, reason)
    assert content(us.post(ONE, data={"address": address})) == body


def test_hints_come_with_the_verdict() -> None:
    body = MailgunAccount().get(ONE, address="ann+news@gmial.com")
    assert body["did_you_mean"] == "ann+news@gmail.com"
    assert body["root_address"] == "ann@gmial.com"


def test_nothing_is_known_without_a_lookup() -> None:
    body = MailgunAccount().get(ONE, address="ann@example.com", provider_lookup="false")
    assert (body["result"], body["risk"], body["reason"]) == ("unknown", "unknown", ["no_data"])


@pytest.mark.parametrize("query", [{}, {"address": "a" * 513}])
def test_an_address_is_needed(query: dict[str, str]) -> None:
    assert MailgunAccount().us.get(ONE, params=query).status_code == 400


def test_a_sending_key_validates_nothing() -> None:
    account = MailgunAccount()
    sender = account.key("sending", kind="domain", domain_name="mg.example.net")
    assert refusal(sender.get(ONE), 401) == "Invalid private key"


def test_a_list_is_validated() -> None:
    account = MailgunAccount()
    assert content(submit(account, f"{BULK}/May"), 202) == {
        "id": "May",
        "message": "The validation job was submitted.",
    }
    job = account.get(f"{BULK}/May")
    assert (job["status"], job["quantity"], job["records_processed"]) == ("uploaded", 3, 2)
    assert job["summary"] == {
        "result": {
            "deliverable": 1, "undeliverable": 1, "do_not_send": 0, "catch_all": 0, "unknown": 0,
        },
        "risk": {"high": 1, "medium": 0, "low": 1, "unknown": 0},
    }  # fmt: skip
    assert isinstance(job["created_at"], int)


@pytest.mark.parametrize(
    ("steps", "status"),
    [(0.5, "created"), (1.5, "processing"), (2.5, "completed"), (3.5, "uploading")],
)
def test_a_job_goes_through_its_states(steps: float, status: str) -> None:
    account = MailgunAccount()
    submit(account, f"{BULK}/May")
    account.set(mailgun_bulk_step=1e6)
    account.world.mailgun["regions"]["us"]["jobs"]["May"]["created_at"] -= steps * 1e6
    job = account.get(f"{BULK}/May")
    assert job["status"] == status
    assert ("summary" in job) == (status in ("completed", "uploading"))
    assert "download_url" not in job


@pytest.mark.parametrize("state", ["created", "processing", "completed", "uploading"])
def test_a_job_can_be_kept_in_any_of_its_states(state: str) -> None:
    account = MailgunAccount(mailgun_bulk_delays={state: NEVER})
    submit(account, f"{BULK}/May")
    assert account.get(f"{BULK}/May")["status"] == state
    account.set(mailgun_bulk_delays={})
    assert account.get(f"{BULK}/May")["status"] == "uploaded"


def test_records_are_counted_up_while_a_job_is_processed() -> None:
    account = MailgunAccount(mailgun_bulk_delays={"processing": 1e6})
    submit(account, f"{BULK}/May", b"email\n" + b"".join(b"%d@x.org\n" % n for n in range(100)))
    assert account.get(f"{BULK}/May")["records_processed"] == 0
    account.world.mailgun["regions"]["us"]["jobs"]["May"]["created_at"] -= 0.25e6
    assert account.get(f"{BULK}/May")["records_processed"] == 25
    account.set(mailgun_bulk_delays={"created": NEVER})
    assert account.get(f"{BULK}/May")["records_processed"] is None


def test_a_job_fails_with_its_reason_and_makes_room_for_the_next() -> None:
    account = MailgunAccount(mailgun_bulk_failure="could not read", mailgun_bulk_parallel=1)
    submit(account, f"{BULK}/May")
    job = account.get(f"{BULK}/May")
    assert (job["status"], job["reason"]) == ("failed", "could not read")
    assert not {"summary", "download_url"} & job.keys()
    assert job["records_processed"] is None
    account.set(mailgun_bulk_failure=None)
    submit(account, f"{BULK}/June")
    assert account.get(f"{BULK}/June")["status"] == "uploaded"
    assert account.get(f"{BULK}/May")["status"] == "failed"


def test_a_job_fails_no_sooner_than_it_was_processed() -> None:
    account = MailgunAccount(mailgun_bulk_failure="x", mailgun_bulk_delays={"processing": NEVER})
    submit(account, f"{BULK}/May")
    assert account.get(f"{BULK}/May")["status"] == "processing"
    account.us.delete(f"{BULK}/May")
    assert account.us.get(f"{BULK}/May").status_code == 404


def test_a_link_to_results_expires_and_the_job_tells_another() -> None:
    account = MailgunAccount(mailgun_download_lifetime=0)
    submit(account, f"{BULK}/May")
    url = account.get(f"{BULK}/May")["download_url"]["csv"]
    expired = account.us.get(url)
    assert (expired.status_code, expired.text) == (403, "Request has expired")
    account.set(mailgun_download_lifetime=60)
    assert account.us.get(url).status_code == 403
    assert "ann@example.com" in archive(account, "csv")


def test_links_can_be_made_to_live_from_the_end_of_the_job() -> None:
    account = MailgunAccount(mailgun_download_lifetime=60, mailgun_download_renewal=False)
    submit(account, f"{BULK}/May")
    assert "ann@example.com" in archive(account, "csv")
    account.world.mailgun["regions"]["us"]["jobs"]["May"]["created_at"] -= 61
    job = account.get(f"{BULK}/May")
    assert job["status"] == "uploaded"
    assert account.us.get(job["download_url"]["csv"]).status_code == 403


@pytest.mark.parametrize("query", ["", "?expires=", "?expires=x", "?expires=nan", "?expires=-1"])
def test_a_link_that_was_tampered_with_has_expired(query: str) -> None:
    account = MailgunAccount(mailgun_download_lifetime=60)
    submit(account, f"{BULK}/May")
    url = account.get(f"{BULK}/May")["download_url"]["csv"].partition("?")[0]
    assert account.us.get(url + query).status_code == 403


def archive(account: MailgunAccount, form: str) -> str:
    url = account.get(f"{BULK}/May")["download_url"][form]
    response = account.us.get(url, auth=None)
    with zipfile.ZipFile(io.BytesIO(response.content)) as file:
        return file.read(f"results.{form}").decode()


def test_the_results_can_be_downloaded() -> None:
    account = MailgunAccount()
    submit(account, f"{BULK}/May")
    rows = list(csv.DictReader(io.StringIO(archive(account, "csv"))))
    assert [(row["address"], row["result"]) for row in rows] == [
        ("ann@example.com", "deliverable"),
        ("bob@x.invalid", "undeliverable"),
    ]
    assert rows[1]["reason"] == "no_mx"
    assert [row["risk"] for row in json.loads(archive(account, "json"))] == ["low", "high"]


def test_a_compressed_list_is_read_too() -> None:
    account = MailgunAccount()
    submit(account, f"{BULK}/May", gzip.compress(LIST))
    assert account.get(f"{BULK}/May")["quantity"] == 3


@pytest.mark.parametrize(
    "list_", [b"", b"address\na@b.com\n", b"\x1f\x8bbroken", b"email\n\xff\xfe\n"]
)
def test_an_unreadable_list_is_refused(list_: bytes) -> None:
    assert submit(MailgunAccount(), f"{BULK}/May", list_).status_code == 400


def test_a_list_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.sandbox.mailgun.address_lists.MOST_UNPACKED", 10_000)
    bomb = gzip.compress(b"email\n" + b"a" * 10_000)
    assert refusal(submit(MailgunAccount(), f"{BULK}/May", bomb)) == "The file unpacks to too much"


@pytest.mark.parametrize(
    ("list_", "quantity"),
    [
        (b"email\n", 0),
        ("email\n爱@例.测试\njürgen@münchen.example\n".encode(), 2),
        (b'email\n"a\nb"@x.org\n\0@x.org\n', 2),
        (b"email\r\n\r\n,,,\r\n" + b"a" * 100_000 + b"@x.org", 1),
        (b"email\n" + b"same@x.org\n" * 50_000, 50_000),
    ],
    ids=["none", "not ASCII", "odd rows", "a long one", "many of one"],
)
def test_a_list_may_hold_anything(list_: bytes, quantity: int) -> None:
    account = MailgunAccount()
    content(submit(account, f"{BULK}/May"), 202)
    content(submit(account, f"{BULK}/%E7%88%B1 %25", list_), 202)
    job = account.get(f"{BULK}/%E7%88%B1 %25")
    assert (job["id"], job["status"], job["quantity"]) == ("爱 %", "uploaded", quantity)
    assert sum(job["summary"]["result"].values()) == job["records_processed"] <= quantity
    assert account.us.get(job["download_url"]["json"]).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "9" * 18},
        {"page": "next", "pivot": "none"},
        {"page": "x", "pivot": "爱", "limit": "0"},
    ],
)
def test_any_page_of_jobs_is_answered(query: dict[str, str]) -> None:
    account = MailgunAccount()
    submit(account, f"{BULK}/May")
    assert account.get(BULK, **query)["total"] == 1
    assert account.us.get(BULK, params={"limit": "9" * 5000}).status_code == 400


def test_a_list_needs_a_file_and_a_new_name() -> None:
    account = MailgunAccount()
    assert account.us.post(f"{BULK}/May", data={"file": "email\n"}).status_code == 400
    assert submit(account, f"{BULK}/a@b").status_code == 400
    assert submit(account, f"{BULK}/May").status_code == 202
    assert submit(account, f"{BULK}/May").status_code == 400


def test_only_so_many_jobs_run_at_a_time() -> None:
    account = MailgunAccount()
    account.set(mailgun_bulk_step=NEVER, mailgun_bulk_parallel=1)
    assert submit(account, f"{BULK}/May").status_code == 202
    assert submit(account, f"{BULK}/June").status_code == 400


def test_jobs_are_listed_the_newest_first_in_pages() -> None:
    account = MailgunAccount()
    for name in ("May", "June", "July"):
        submit(account, f"{BULK}/{name}")
    body = account.get(BULK, limit="2")
    assert ([job["id"] for job in body["jobs"]], body["total"]) == (["July", "June"], 3)
    assert set(body["paging"]) == {"first", "last", "next", "previous"}
    following = content(account.us.get(body["paging"]["next"]))
    assert [job["id"] for job in following["jobs"]] == ["May"]
    assert content(account.us.get(following["paging"]["next"]))["jobs"] == []
    assert content(account.us.get(following["paging"]["previous"]))["jobs"][0]["id"] == "July"
    assert content(account.us.get(following["paging"]["last"]))["jobs"][0]["id"] == "May"
    assert account.get("/v4/address/validate/jobs", limit="2")["jobs"] == body["jobs"]


def test_deleting_takes_the_results_away() -> None:
    account = MailgunAccount()
    submit(account, f"{BULK}/May")
    url = account.get(f"{BULK}/May")["download_url"]["csv"]
    body = content(account.us.delete(f"{BULK}/May"))
    assert body == {"message": "Validation job canceled."}
    assert account.get(f"{BULK}/May")["status"] == "deleted"
    assert account.us.get(url).status_code == 404


def test_a_running_job_is_cancelled() -> None:
    account = MailgunAccount()
    account.set(mailgun_bulk_step=NEVER)
    submit(account, f"{BULK}/May")
    account.us.delete(f"{BULK}/May")
    assert account.us.get(f"{BULK}/May").status_code == 404


def test_a_preview_tells_shares_and_costs_nothing() -> None:
    account = MailgunAccount()
    body = content(submit(account, f"{PREVIEW}/May", b"email\na@b.com\nb@x.invalid\n"), 202)
    assert body == {"id": "May", "message": "The bulk preview was submitted."}
    preview = account.get(f"{PREVIEW}/May")["preview"]
    assert (preview["status"], preview["quantity"]) == ("preview_complete", 2)
    assert preview["summary"]["result"]["deliverable"] == 50.0
    assert account.get(PREVIEW)["previews"] == [preview]
    assert account.get(BULK)["total"] == 0


def test_a_preview_is_promoted_to_a_job() -> None:
    account = MailgunAccount()
    submit(account, f"{PREVIEW}/May")
    body = content(account.us.put(f"{PREVIEW}/May"), 202)
    text = "The bulk preview job was promoted to a bulk validation job."
    assert body == {"message": text}
    assert account.get(f"{BULK}/May")["quantity"] == 3


def test_a_preview_takes_its_time_and_can_be_deleted() -> None:
    account = MailgunAccount()
    account.set(mailgun_bulk_step=NEVER)
    submit(account, f"{PREVIEW}/May")
    assert account.get(f"{PREVIEW}/May")["preview"]["status"] == "preview_processing"
    assert account.us.delete(f"{PREVIEW}/May").status_code == 204
    assert account.us.get(f"{PREVIEW}/May").status_code == 404
