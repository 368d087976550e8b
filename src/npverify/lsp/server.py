"""The language server: takes what the editor sends, and has it judged beside the event loop.

The loop takes messages and nothing else. One thread owns the session (`Judge`); after an edit it waits until nobody has typed for
`QUIET`, and an edit that comes in while it proves ends that run between two assertions: the newest texts win. A second thread
answers what is asked about the last world, so that a hover does not wait for a proof.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, cast

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from npverify import __version__
from npverify.ingest.files import MANIFESTS, SPEC
from npverify.ingest.source import Span
from npverify.lsp import complete, hover, places, problems
from npverify.lsp.judge import Judge, State
from npverify.lsp.lenses import lenses
from npverify.lsp.names import Names
from npverify.lsp.pages import CodePages
from npverify.lsp.texts import Extent, extent_of, plain

QUIET = 0.15
"""Seconds without a key after which the texts are judged."""

CALM = 0.5
"""At most so many seconds without a key after the verdicts before lint is asked, and at most as many as it took the last time:
reading for it cannot be stopped half-way."""

WHY = "npverify.why"
"""The command behind a lens: shows the answer in full."""

WATCHED = "**/*.{yaml,yml,json,npv}"
_EVENTS = (
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_SAVE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
)
_MOST_CHOICES = 500
"""So many words are offered at a time; with another letter the editor asks again."""

_KINDS = {
    "keyword": types.CompletionItemKind.Keyword,
    "workload": types.CompletionItemKind.Class,
    "namespace": types.CompletionItemKind.Module,
    "label": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.Value,
    "service": types.CompletionItemKind.Interface,
    "policy": types.CompletionItemKind.Reference,
    "name": types.CompletionItemKind.Variable,
    "pack": types.CompletionItemKind.Module,
    "protocol": types.CompletionItemKind.EnumMember,
    "port": types.CompletionItemKind.Constant,
}
_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
    "hint": types.DiagnosticSeverity.Hint,
}
T = TypeVar("T")


class Server(LanguageServer):
    """A server of one workspace. Guards the last state, the names of its world, and what was told."""

    def __init__(self) -> None:
        super().__init__("npverify", __version__)
        self.state = State()
        self.names: Names | None = None
        self.edit = 0
        self.root = Path.cwd()
        self._judge = Judge(self.root)
        self._judging = ThreadPoolExecutor(1, "judge")
        self._answering = ThreadPoolExecutor(1, "answer")
        self._running: asyncio.Task[None] | None = None
        self._marked: set[str] = set()
        self._answers: list[problems.Mark] = []
        self._findings: list[tuple[problems.Mark, str]] = []
        self._pages = CodePages()
        self._took = 0.0
        self._logged: list[str] = []
        self._begun = False
        self._closed = False

    # judging

    def begin(self, root: Path) -> None:
        """Judge this folder from now on. It becomes the working folder: names in messages are relative to it."""
        os.chdir(root)
        self.root = root
        self._judge = Judge(root)
        self._begun = True
        self.touch()

    def touch(self) -> None:
        """Something is another now: judge it when it has been quiet."""
        self.edit += 1
        if self._begun and not self._closed and (self._running is None or self._running.done()):
            self._running = asyncio.get_running_loop().create_task(self._follow())

    def close(self) -> None:
        """End what is being judged."""
        self._closed = True
        self.edit += 1
        for pool in (self._judging, self._answering):
            pool.shutdown(wait=False, cancel_futures=True)
        self._pages.close()

    async def _follow(self) -> None:
        done = -1
        while done != self.edit and not self._closed:
            version = self.edit
            await asyncio.sleep(QUIET)
            if version != self.edit:
                continue
            try:
                await self._judge_once(version)
            except Exception as error:  # whatever happens, the editor keeps its server
                if not self._closed:
                    self._log(
                        f"npverify could not judge this: {type(error).__name__}: {error}", types.MessageType.Error
                    )
            done = version

    async def _judge_once(self, version: int) -> None:
        loop = asyncio.get_running_loop()
        unsaved = self._unsaved()
        read = await loop.run_in_executor(self._judging, self._judge.read, self.state, unsaved, version)
        if read.current and read.loaded is not None:
            self.names = Names(read.loaded.world)
            if read.errors:  # without waiting for the answers, of which the last ones stay so long
                self._publish(read, self._answers)
            read = await loop.run_in_executor(
                self._judging, self._judge.prove, read, lambda: version != self.edit or self._closed
            )
            if read.result is None or read.result.interrupted:
                return
        self.state = read
        if version == self.edit:
            self._answers = problems.answers(read, self.text)
            self._publish(read, self._answers)
        self._refresh_lenses()
        if version == self.edit and read.current:
            await self._lint_once(version)

    async def _lint_once(self, version: int) -> None:
        await asyncio.sleep(min(CALM, self._took))
        if version != self.edit or self._closed:
            return
        stop = lambda: version != self.edit or self._closed  # noqa: E731  # two words would say no more
        loop = asyncio.get_running_loop()
        start = loop.time()
        linted = await loop.run_in_executor(self._judging, self._judge.lint, self.state, stop)
        self._took = loop.time() - start
        if linted is not None and version == self.edit:
            self._findings = [(mark, self._line(mark)) for mark in problems.findings(linted, self.text)]
            self._publish(self.state, self._answers)

    def _line(self, mark: problems.Mark) -> str:
        """The line that a mark is at, as it is now; "" if it is not there any more."""
        lines = (self.text(mark.file) or "").split("\n")
        return lines[mark.at.line] if mark.at.line < len(lines) else ""

    def _unsaved(self) -> dict[str, str]:
        """The texts of open files by real path."""
        found = {}
        for uri, document in self.workspace.text_documents.items():
            path = uris.to_fs_path(uri)
            if path is not None and path.lower().endswith((*MANIFESTS, SPEC)):
                found[os.path.realpath(path)] = document.source
        return found

    # telling

    def _publish(self, state: State, answers: list[problems.Mark]) -> None:
        open_ = {os.path.realpath(uris.to_fs_path(uri) or ""): uri for uri in self.workspace.text_documents}
        found, rest = problems.reading(state, self.text)
        by_uri: dict[str, list[types.Diagnostic]] = {uri: [] for uri in (*self._marked, *open_.values())}
        # what lint found before an edit stays where its line does, until it is asked again
        kept = [mark for mark, line in self._findings if self._line(mark) == line]
        for mark in (*found, *answers, *kept):
            by_uri.setdefault(self._uri(mark.file, open_), []).append(self._diagnostic(mark, open_))
        for uri, diagnostics in by_uri.items():
            version = self.workspace.text_documents[uri].version if uri in self.workspace.text_documents else None
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics, version))
        self._marked = {uri for uri, diagnostics in by_uri.items() if diagnostics}
        for line in rest:
            if line not in self._logged:
                self._log(line, types.MessageType.Info)
        self._logged = rest

    def _diagnostic(self, mark: problems.Mark, open_: dict[str, str]) -> types.Diagnostic:
        related = [
            types.DiagnosticRelatedInformation(
                types.Location(self._uri(each.file, open_), self.range(each.file, each.at)), each.message
            )
            for each in mark.related
        ]
        return types.Diagnostic(
            self.range(mark.file, mark.at),
            mark.message,
            severity=_SEVERITIES[mark.severity],
            code=mark.code,
            code_description=types.CodeDescription(page) if (page := self._pages.uri(mark.code)) else None,
            source="npverify",
            related_information=related or None,
        )

    def _refresh_lenses(self) -> None:
        workspace = self.client_capabilities.workspace
        if workspace is not None and workspace.code_lens is not None and workspace.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)

    def _log(self, message: str, kind: types.MessageType) -> None:
        self.window_log_message(types.LogMessageParams(kind, message))

    # files and places

    def called(self, uri: str) -> str:
        """The name of a file, as `plain` has it."""
        path = uris.to_fs_path(uri) or uri
        for inside, root in ((path, self.root), (os.path.realpath(path), os.path.realpath(self.root))):
            relative = plain(os.path.relpath(inside, root))
            if not relative.startswith("../"):
                return relative
        return plain(os.path.relpath(path, self.root))

    def _uri(self, file: str, open_: dict[str, str] | None = None) -> str:
        path = os.path.realpath(self.root / file)
        return (open_ or {}).get(path) or str(uris.from_fs_path(os.path.abspath(self.root / file)))

    def document(self, file: str) -> TextDocument | None:
        """A file by its name in messages, as it is in the editor, else on the disk; None if there is none."""
        path = os.path.realpath(self.root / file)
        for uri, document in self.workspace.text_documents.items():
            if os.path.realpath(uris.to_fs_path(uri) or "") == path:
                return cast(TextDocument, document)  # pygls does not say what its documents are
        if not os.path.isfile(path):
            return None
        found: TextDocument = self.workspace.get_text_document(str(uris.from_fs_path(path)))
        return found

    def text(self, file: str) -> str | None:
        """The text of a file by its name in messages."""
        document = self.document(file)
        return _source(document) if document is not None else None

    def range(self, file: str, at: Extent) -> types.Range:
        """Part of a line in the units of the editor."""
        found = types.Range(types.Position(at.line, at.start), types.Position(at.line, at.end))
        text = self.text(file)
        return self.workspace.position_codec.range_to_client_units(text.split("\n"), found) if text else found

    def location(self, span: Span) -> types.Location:
        """A place of a file."""
        return types.Location(self._uri(span.file), self.range(span.file, extent_of(span, self.text(span.file) or "")))

    def at(self, uri: str, position: types.Position) -> tuple[str, str, int, int]:
        """Name and text of a document, and a place in it in characters; no text where it is neither open nor to be read."""
        text = _source(self.workspace.get_text_document(uri)) or ""
        place = self.workspace.position_codec.position_from_client_units(text.split("\n"), position)
        return self.called(uri), text, place.line, place.character

    async def answer(self, ask: Callable[..., T], *args: Any) -> T:
        """Ask beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._answering, ask, *args)


def _source(document: TextDocument) -> str | None:
    """Its text; None where it is neither open nor to be read, as of a file that was just deleted."""
    try:
        return str(document.source)
    except (OSError, UnicodeDecodeError):
        return None


def _touch(server: Server) -> Callable[[Any], None]:
    """A new function each time, because pygls marks the one that it is given."""

    def changed(_params: Any) -> None:  # not `object`: pygls gives the server to whoever can take it
        server.touch()

    return changed


def make() -> Server:
    """A server with all that it answers."""
    server = Server()

    @server.feature(types.INITIALIZED)
    def started(_params: types.InitializedParams) -> None:
        path = server.workspace.root_path
        server.begin(Path(path) if path and os.path.isdir(path) else Path.cwd())
        workspace = server.client_capabilities.workspace
        watch = workspace.did_change_watched_files if workspace is not None else None
        if watch is not None and watch.dynamic_registration:
            options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(WATCHED)])
            wanted = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            server.client_register_capability(types.RegistrationParams([wanted]))

    for event in _EVENTS:
        server.feature(event)(_touch(server))

    @server.feature(types.SHUTDOWN)
    def ended(_params: Any) -> None:
        server.close()

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hovered(params: types.HoverParams) -> types.Hover | None:
        names = server.names
        if names is None:
            return None
        place = server.at(params.text_document.uri, params.position)
        ask = hover.of_spec if place[0].lower().endswith(SPEC) else hover.of_manifest
        said = await server.answer(ask, names, *place)
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, said)) if said else None

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def defined(params: types.DefinitionParams) -> list[types.Location]:
        place = server.at(params.text_document.uri, params.position)
        if not place[0].lower().endswith(SPEC):
            return []
        return [server.location(span) for span in await server.answer(places.definitions, server.names, *place)]

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[" ", "/", '"', ",", "("])
    )
    async def completed(params: types.CompletionParams) -> types.CompletionList:
        place = server.at(params.text_document.uri, params.position)
        if not place[0].lower().endswith(SPEC):
            return types.CompletionList(False, [])
        at, found = await server.answer(complete.completions, server.names, *place)
        range_ = server.workspace.position_codec.range_to_client_units(
            place[1].split("\n"), types.Range(types.Position(at.line, at.start), types.Position(at.line, at.end))
        )
        items = [
            types.CompletionItem(
                each.text,
                kind=_KINDS[each.kind],
                detail=each.detail or each.kind,
                sort_text=f"{number:05}",
                filter_text=each.text,
                text_edit=types.TextEdit(range_, each.text),
            )
            for number, each in enumerate(found[:_MOST_CHOICES])
        ]
        return types.CompletionList(len(found) > _MOST_CHOICES, items)

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def lensed(params: types.CodeLensParams) -> list[types.CodeLens]:
        uri = params.text_document.uri
        name = server.called(uri)
        if not name.lower().endswith(SPEC):
            return []
        text = _source(server.workspace.get_text_document(uri)) or ""
        state, newest = server.state, server.state.version == server.edit

        def ask() -> list[types.CodeLens]:
            found = lenses(state, name, text, newest=newest)
            start = [types.Range(types.Position(each.line, 0), types.Position(each.line, 0)) for each in found]
            commands = [
                types.Command(each.title, WHY if each.answer else "", arguments=[each.answer] if each.answer else None)
                for each in found
            ]
            return [types.CodeLens(*each) for each in zip(start, commands, strict=True)]

        return await server.answer(ask)

    @server.command(WHY)
    def why(answer: str) -> str:
        server.window_show_message(types.ShowMessageParams(types.MessageType.Info, answer))
        return answer

    return server


def serve() -> None:
    """Answer an editor over standard input and output until it ends the session."""
    server = make()
    # what anything else writes to standard output would not be the protocol, so it goes to standard error
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        sys.stdout.flush()
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        try:
            server.start_io(sys.stdin.buffer, out)
        finally:
            server.close()
