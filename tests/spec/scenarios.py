"""Reads the scenarios: Markdown that holds a fact, manifests, and what follows from them.

    # The fact, in a sentence
    prose
    ```yaml      manifests; several blocks are one input
    ```options   `--cni NAME`, `--calico-version VERSION`, `--cilium-version VERSION` or `--assume SWITCH=VALUE`
    ```remote_x  manifests of another cluster, which is called x
    ```npv       a spec; behind each assertion its answer, behind `use` those of the whole pack: `# proved refuted`
    ```flows     `namespace/pod -> namespace/pod tcp/80  # allowed`, `denied` or `would be denied`; an end is also an address,
                 `node:NAME`, or a pod of another cluster: `x:namespace/pod`
    ```error     the manifests are refused: `line:column word word`, one line per message

A heading with `##` opens a variant: it has the blocks of the `#` heading above it, and its own after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
BLOCK = re.compile(r"^```([\w-]+)$(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#{1,2}) (.+)$", re.MULTILINE)
STATUSES = {"proved", "refuted", "vacuous", "undecided"}


@dataclass(frozen=True, slots=True)
class Expected:
    """The answers of one statement of the spec."""

    line: int
    text: str
    statuses: tuple[str, ...]
    pack: str = ""  # `kubernetes/dns` where the statement is `use kubernetes/dns`


@dataclass(frozen=True, slots=True)
class FlowLine:
    """A flow and its verdict."""

    text: str
    src: dict[str, str]
    dst: dict[str, str]
    protocol: str
    port: int
    verdict: str


@dataclass(frozen=True)
class Scenario:
    """One fact with its input and its consequences."""

    file: str
    fact: str
    blocks: dict[str, list[str]] = field(repr=False)

    @property
    def id(self) -> str:
        """How the scenario is called in the output of the tests."""
        return f"{self.file}: {self.fact}"

    @property
    def documents(self) -> list[str]:
        """The manifests, one text per YAML document."""
        whole = "\n---\n".join(self.blocks.get("yaml", []))
        return [d.strip("\n") + "\n" for d in re.split(r"^---$", whole, flags=re.MULTILINE) if d.strip()]

    @property
    def spec(self) -> str:
        """The text of the spec."""
        return "\n".join(self.blocks.get("npv", []))

    @property
    def cni(self) -> str:
        """The profile that the options name."""
        return self._option("cni", "kubernetes")

    @property
    def calico_version(self) -> str:
        """The version of Calico that the options name."""
        return self._option("calico-version", "3.32")

    def _option(self, name: str, default: str) -> str:
        found = re.findall(rf"--{name} (\S+)", "\n".join(self.blocks.get("options", [])))
        return found[-1] if found else default

    @property
    def assume(self) -> dict[str, str]:
        """The switches that the options fix, and the release of Cilium if they name one."""
        found = dict(re.findall(r"--assume (\w+)=(\S+)", "\n".join(self.blocks.get("options", []))))
        release = self._option("cilium-version", "")
        return {**found, "cilium_version": release} if release else found

    @property
    def remotes(self) -> dict[str, str]:
        """The manifests of the other clusters, by their names."""
        found = {key: texts for key, texts in self.blocks.items() if key.startswith("remote_")}
        return {key.removeprefix("remote_"): "\n---\n".join(texts) for key, texts in found.items()}

    @property
    def expected(self) -> list[Expected]:
        """Every assertion and every pack of the spec, with the answers that stand behind it."""
        found = []
        for number, line in enumerate(self.spec.split("\n"), 1):
            text, _, comment = line.partition("# ")
            if not text.startswith(("assert ", "use ")):
                continue
            statuses = tuple(comment.split())
            assert statuses, f"{self.id}: nothing is expected of {line!r}"
            assert set(statuses) <= STATUSES, f"{self.id}: {comment!r} is no answer"
            pack = text.split()[1] if text.startswith("use ") else ""
            found.append(Expected(number, text.strip(), statuses, pack))
        return found

    @property
    def flows(self) -> list[FlowLine]:
        """The flows with their verdicts."""
        return [_flow(line) for block in self.blocks.get("flows", []) for line in block.split("\n") if line.strip()]

    @property
    def errors(self) -> list[tuple[str, list[str]]]:
        """The position and the words of every message."""
        lines = [line for block in self.blocks.get("error", []) for line in block.split("\n") if line.strip()]
        return [(line.split()[0], line.split()[1:]) for line in lines]


def _flow(line: str) -> FlowLine:
    match = re.fullmatch(r"(\S+) -> (\S+) (\w+)/(\d+) +# (allowed|denied|would be denied)", line.strip())
    assert match, f"no flow: {line!r}"
    src, dst, protocol, port, verdict = match.groups()
    return FlowLine(line.partition("#")[0].strip(), _end(src), _end(dst), protocol.upper(), int(port), verdict)


def _end(text: str) -> dict[str, str]:
    if text.startswith("node:"):
        return {"node": text.removeprefix("node:")}
    if "/" not in text:
        return {"ip": text}
    cluster, colon, name = text.partition(":")
    if colon and cluster != "deployment":
        return {"pod": name, "cluster": cluster}
    return {"workload" if text.startswith("deployment:") else "pod": text.removeprefix("deployment:")}


def scenarios() -> Iterator[Scenario]:
    """Every scenario below this folder, in the order of files and lines."""
    for path in sorted(FOLDER.rglob("*.md")):
        yield from read(path.relative_to(FOLDER).as_posix(), path.read_text(encoding="utf-8"))


def read(file: str, text: str) -> Iterator[Scenario]:
    """The scenarios of one file: every heading that has a consequence below it."""
    outside = BLOCK.sub(lambda m: "x" * len(m.group(0)), text)  # a comment in a block is no heading
    heads = list(HEADING.finditer(outside))
    base: dict[str, list[str]] = {}
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        body = text[head.end() : following.start() if following else len(text)]
        own: dict[str, list[str]] = {}
        for match in BLOCK.finditer(body):
            own.setdefault(match.group(1), []).append(match.group(2).strip("\n"))
        known = {key for key in own if key.startswith("remote_")} | {"yaml", "npv", "flows", "options", "error"}
        assert set(own) <= known, f"{file}: unknown block among {sorted(own)}"
        if head.group(1) == "#":
            base = {key: value for key, value in own.items() if key not in ("npv", "flows", "error")}
            blocks = own
        else:
            blocks = {key: base.get(key, []) + own.get(key, []) for key in {**base, **own}}
        if own.keys() & {"npv", "flows", "error"}:
            yield Scenario(file, head.group(2), blocks)
