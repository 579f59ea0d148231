"""What people change in the example: three things, and one of them by hand."""

from program import Served

_STREAM = "/message-streams/newsletter"
THREE = (
    ("name: Newsletter", "name: News"),
    ("tracking: {clicks: html_only}", "tracking: {clicks: false}"),
    ("triggers: [delivery, bounce]", "triggers: [delivery]"),
)
ABSENT = ("{tracking: {clicks: html_only}}", "{ensure: absent}")
TWO_ABSENT = (
    ABSENT,
    ("mg.example.com: {}", "mg.example.com: {ensure: absent}"),
    ("    domain: mg.example.com                          # the default sending domain\n", ""),
    ("    sender: news@mg.example.com\n", ""),
)
BROKEN = ("service: mailgun", "service: mailgnu")


def name_of_the_stream(box: Served) -> str:
    return str(box.postmark("GET", _STREAM)["Name"])


def rename_the_stream(box: Served, name: str) -> None:
    box.postmark("PATCH", _STREAM, {"Name": name})
