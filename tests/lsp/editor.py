"""A real editor for the tests, as far as the server can tell: the client of pygls, over the pipes of a real process."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.client import LanguageClient

PATIENCE = 30.0
"""Seconds after which a server that says nothing has failed."""

CAPABILITIES = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        code_lens=types.CodeLensWorkspaceClientCapabilities(refresh_support=True),
        did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
    )
)
T = TypeVar("T")


class Editor:
    """Opens a folder. Its loop runs in a thread of its own, so that tests are plain functions."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.marks: dict[str, list[types.Diagnostic]] = {}
        self.shown: list[str] = []
        self.log: list[str] = []
        self.watched: list[types.Registration] = []
        self.texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._refreshed = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.client = LanguageClient("test", "1")
        self._listen()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self._do(self.client.start_io(sys.executable, "-m", "npverify", "lsp", env=environment))
        folder = types.WorkspaceFolder(root.as_uri(), root.name)
        self.abilities = self._do(
            self.client.initialize_async(
                types.InitializeParams(CAPABILITIES, root_uri=root.as_uri(), workspace_folders=[folder])
            )
        ).capabilities
        self._call(lambda: self.client.initialized(types.InitializedParams()))

    def _listen(self) -> None:
        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def marked(params: types.PublishDiagnosticsParams) -> None:
            name = os.path.relpath(params.uri.removeprefix("file://"), self.root)
            self.marks[name] = list(params.diagnostics)
            if params.version is not None:
                self._told[name] = params.version

        @self.client.feature(types.WORKSPACE_CODE_LENS_REFRESH)
        def refreshed(_params: Any) -> None:
            self._refreshed += 1

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        def showed(params: types.ShowMessageParams) -> None:
            self.shown.append(params.message)

        @self.client.feature(types.WINDOW_LOG_MESSAGE)
        def logged(params: types.LogMessageParams) -> None:
            self.log.append(params.message)

        @self.client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def registered(params: types.RegistrationParams) -> None:
            self.watched += params.registrations

    def _do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def _call(self, act: Any) -> None:
        async def acted() -> None:
            act()

        self._do(acted())

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def open(self, name: str, text: str | None = None) -> None:
        """Open a file with what is on the disk, or as a new one with this text; wait until it is judged."""
        content = (self.root / name).read_text(encoding="utf-8") if text is None else text
        self._versions[name] = self._versions.get(name, 0) + 1
        self.texts[name] = content
        item = types.TextDocumentItem(self.uri(name), "npv", self._versions[name], content)
        before = self._refreshed
        self._call(lambda: self.client.text_document_did_open(types.DidOpenTextDocumentParams(item)))
        self.wait(name, before)

    def type(self, name: str, text: str, *, wait: bool = True) -> None:
        """Make this the text of an open file, without saving it."""
        self._versions[name] += 1
        self.texts[name] = text
        document = types.VersionedTextDocumentIdentifier(self._versions[name], self.uri(name))
        change = types.DidChangeTextDocumentParams(document, [types.TextDocumentContentChangeWholeDocument(text)])
        before = self._refreshed
        self._call(lambda: self.client.text_document_did_change(change))
        if wait:
            self.wait(name, before)

    def close_file(self, name: str) -> None:
        before = self._refreshed
        params = types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(self.uri(name)))
        self._call(lambda: self.client.text_document_did_close(params))
        self._until(lambda: self._refreshed > before)

    def changed_on_disk(self, name: str) -> None:
        before = self._refreshed
        event = types.FileEvent(self.uri(name), types.FileChangeType.Changed)
        params = types.DidChangeWatchedFilesParams([event])
        self._call(lambda: self.client.workspace_did_change_watched_files(params))
        self._until(lambda: self._refreshed > before)

    def wait(self, name: str, before: int) -> None:
        """Until the newest text of a file is judged: the server asks for lenses anew behind every judgement."""
        self._until(lambda: self._refreshed > before and self._told.get(name) == self._versions[name])

    def found(self, name: str) -> list[types.Diagnostic]:
        """What lint marks in a file."""
        return [mark for mark in self.marks.get(name, []) if str(mark.code).startswith("NPL")]

    def until_found(self, name: str, *codes: str) -> list[types.Diagnostic]:
        """Wait until lint marks exactly these rules in a file, which it does after the verdicts; gives its marks."""
        self._until(lambda: sorted(str(mark.code) for mark in self.found(name)) == sorted(codes))
        return self.found(name)

    def _until(self, done: Any) -> None:
        async def poll() -> None:
            while not done():
                await asyncio.sleep(0.01)

        self._do(asyncio.wait_for(poll(), PATIENCE))

    def lenses(self, name: str) -> list[tuple[int, str]]:
        """Line (from 1) and text of every lens of a file."""
        params = types.CodeLensParams(types.TextDocumentIdentifier(self.uri(name)))
        found = self._do(self.client.text_document_code_lens_async(params)) or []
        return [(lens.range.start.line + 1, lens.command.title) for lens in found if lens.command]

    def why(self, name: str, line: int) -> str:
        """What pressing a lens shows."""
        params = types.CodeLensParams(types.TextDocumentIdentifier(self.uri(name)))
        found = self._do(self.client.text_document_code_lens_async(params)) or []
        command = next(lens.command for lens in found if lens.range.start.line + 1 == line)
        assert command is not None
        asked = types.ExecuteCommandParams(command.command, command.arguments)
        self._do(self.client.workspace_execute_command_async(asked))
        return self.shown[-1]

    def hover(self, name: str, line: int, character: int) -> str:
        """What is shown over a place; line and character from 0."""
        document, place = types.TextDocumentIdentifier(self.uri(name)), types.Position(line, character)
        found = self._do(self.client.text_document_hover_async(types.HoverParams(document, place)))
        return found.contents.value if found is not None and isinstance(found.contents, types.MarkupContent) else ""

    def definition(self, name: str, line: int, character: int) -> list[tuple[str, int]]:
        """File and line (from 1) of every definition."""
        document, place = types.TextDocumentIdentifier(self.uri(name)), types.Position(line, character)
        found = self._do(self.client.text_document_definition_async(types.DefinitionParams(document, place)))
        assert isinstance(found, list)
        return [
            (os.path.relpath(each.uri.removeprefix("file://"), self.root), each.range.start.line + 1)
            for each in found
            if isinstance(each, types.Location)
        ]

    def complete(self, name: str, line: int, character: int) -> list[str]:
        """The words that are offered."""
        document, place = types.TextDocumentIdentifier(self.uri(name)), types.Position(line, character)
        found = self._do(self.client.text_document_completion_async(types.CompletionParams(document, place)))
        assert isinstance(found, types.CompletionList)
        return [item.label for item in found.items]

    def leave(self) -> int:
        """End the session; gives the exit code of the server."""
        server = self.client._server
        assert server is not None
        self._do(self.client.shutdown_async(None))
        self._call(lambda: self.client.exit(None))
        code = self._do(asyncio.wait_for(server.wait(), PATIENCE))
        self._do(self.client.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        return code
