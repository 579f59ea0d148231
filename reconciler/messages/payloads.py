"""A message in the form that each receiver takes, within its limits, with foreign text as text."""

import re
from typing import Any

from reconciler.messages.message import (
    MOST_NOTES,
    Message,
    brief,
    calling_nobody,
    facts_of,
    link_of,
    notes_of,
    title_of,
    units,
)

_OPEN = "Open the run"
_SLACK_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SLACK_SECTION, _SLACK_HEADER = 3000, 150
_DISCORD_CONTENT = 2000
_DISCORD_SPECIAL = re.compile(r"[\\*_~`|<>#:\[\]()]")
_SUPPRESS_EMBEDS = 1 << 2
_TEAMS_NOTES = 3000


def slack(message: Message) -> dict[str, Any]:
    """Return what an incoming webhook of Slack takes: a text for notifications, and blocks.

    A section holds 3,000 characters and a header 150; 13,200 in all blocks were refused. Only `&`,
    `<` and `>` are escaped, and plain text knows no Markdown.
    """
    title = _slack_escaped(title_of(message))
    facts = [_slack_escaped(each) for each in facts_of(message)]
    notes = notes_of(message, _slack_escaped, _SLACK_SECTION)
    link = link_of(message)
    blocks = [
        _slack_title(title),
        _slack_section("\n".join(facts)),
        *([_slack_section("\n".join(notes))] if notes else []),
        *([_slack_link(_slack_escaped(link))] if link else []),
    ]
    return {
        "text": f"{title}: {facts[0]}",
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": blocks,
    }


def _slack_escaped(text: str) -> str:
    return calling_nobody(text).translate(_SLACK_ESCAPES)


def _slack_title(title: str) -> dict[str, Any]:
    if units(title) > _SLACK_HEADER:
        return _slack_section(title)
    return {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}


def _slack_section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _slack_link(url: str) -> dict[str, Any]:
    text = {"type": "mrkdwn", "text": f"<{url}|{_OPEN}>", "verbatim": True}
    return {"type": "section", "text": text}


def teams(message: Message) -> dict[str, Any]:
    """Return what a workflow of Teams takes: an Adaptive Card, well below 21 KB.

    A `TextBlock` reads Markdown, a `TextRun` does not, so all text stands in runs. Nobody is
    mentioned by a text without an entity of that name, and there are none.
    """
    title, *lines = title_of(message), *facts_of(message), *notes_of(message, str, _TEAMS_NOTES)
    link = link_of(message)
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            _teams_line(title, size="Medium", weight="Bolder"),
            *(_teams_line(each) for each in lines),
        ],
        "actions": [{"type": "Action.OpenUrl", "title": _OPEN, "url": link}] if link else [],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {
        "type": "message",
        "attachments": [{"contentType": kind, "contentUrl": None, "content": card}],
    }


def _teams_line(text: str, **style: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def discord(message: Message) -> dict[str, Any]:
    """Return what a webhook of Discord takes: 2,000 characters that mention nobody."""
    link = link_of(message)
    head = [
        f"**{_discord_escaped(title_of(message))}**",
        *(_discord_escaped(each) for each in facts_of(message)),
    ]
    tail = [f"[{_OPEN}](<{link}>)"] if link else []
    room = _DISCORD_CONTENT - units("\n".join([*head, *tail])) - 1
    return {
        "content": "\n".join([*head, *notes_of(message, _discord_escaped, room), *tail]),
        "allowed_mentions": {"parse": []},
        "flags": _SUPPRESS_EMBEDS,
    }


def _discord_escaped(text: str) -> str:
    return _DISCORD_SPECIAL.sub(r"\\\g<0>", calling_nobody(text))


def plain_json(message: Message) -> dict[str, Any]:
    """Return a message as data, for programs: bounded as well, and each text on one line."""
    return {
        "format_version": "1",
        "state": brief(message.state, 20),
        "title": title_of(message),
        "summary": {brief(name, 80): number for name, number in message.counts.items()},
        "repository": message.repository and brief(message.repository, 500),
        "run_url": link_of(message),
        "config_digest": brief(message.config_digest, 80),
        "since": message.since and brief(message.since, 40),
        "notes": [brief(each, 500) for each in message.notes[:MOST_NOTES]],
        "more_notes": max(0, len(message.notes) - MOST_NOTES),
    }


PAYLOADS = {"slack": slack, "teams": teams, "discord": discord, "json": plain_json}
"""What makes the content for each receiver, by its name in the option."""
