"""The editor's side of a language server over its standard input and output (LSP 3.17)."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SERVER = "javascript/node_modules/yaml-language-server/bin/yaml-language-server"
PROGRAM = Path(__file__).parent / SERVER
Position = tuple[int, int]
"""Line and column, from 0."""


class Editor:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._number = 0
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}

    def begin(self, folder: Path) -> None:
        self.ask("initialize", processId=None, rootUri=folder.as_uri(), capabilities={})
        self._send({"method": "initialized", "params": {}})
        settings = {"yaml": {"hover": True, "completion": True, "validate": True}}
        settings["yaml"]["schemaStore"] = {"enable": False}  # type: ignore[assignment]
        self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": settings}})

    def open(self, path: Path, text: str) -> list[dict[str, Any]]:
        """Open a document, and return what the server finds wrong with it."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._diagnostics.pop(path.as_uri(), None)
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while path.as_uri() not in self._diagnostics:
            self._take(self._receive())
        return self._diagnostics[path.as_uri()]

    def completions(self, path: Path, at: Position) -> set[str]:
        found = self._at("textDocument/completion", path, at)
        items = found["items"] if isinstance(found, dict) else found or []
        return {item["label"] for item in items}

    def hover(self, path: Path, at: Position) -> str:
        found = self._at("textDocument/hover", path, at)
        return str(found["contents"]["value"]) if found else ""

    def _at(self, method: str, path: Path, at: Position) -> Any:
        line, column = at
        return self.ask(
            method,
            textDocument={"uri": path.as_uri()},
            position={"line": line, "character": column},
        )

    def ask(self, method: str, **params: Any) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._number and "method" not in message:
                return message.get("result")
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("method") == "textDocument/publishDiagnostics":
            params = message["params"]
            self._diagnostics[params["uri"]] = params["diagnostics"]
        elif "id" in message and "method" in message:  # the server asks; an editor has no answer
            items = message["params"].get("items", []) if message.get("params") else []
            self._send({"id": message["id"], "result": [None for _ in items] or None})

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        length = 0
        while (line := self._process.stdout.readline().strip()) or not length:
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


@contextmanager
def editor(folder: Path) -> Iterator[Editor]:
    """Start a server, which ends when its standard input does."""
    with subprocess.Popen(
        ["node", str(PROGRAM), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        found = Editor(process)
        found.begin(folder)
        try:
            yield found
        finally:
            process.terminate()
