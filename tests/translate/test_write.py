"""The text of translated policies is read back as what was meant, by any reader of YAML."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import yaml
from translated import native, read_policy, translated

from generate import policies
from npverify.dialects.calico.write import write
from npverify.ingest.read import read
from npverify.ingest.source import Problems, Span

AMBIGUOUS = (
    "on", "off", "y", "n", "yes", "no", "true", "false", "null", "1e3", "0x1f", "0o17", "1", "22-22", "012", "1-2",
    "e1", "0b1", "2024-01-01", "inf", "nan",
)  # fmt: skip
"""Names that a reader of YAML could take for something else than text."""


def same(text: str, written: tuple[object, ...], folder: Path) -> bool:
    """Whether PyYAML, and the program's own reader, which reads as the Kubernetes API does, find these values."""
    (folder / "written.yaml").write_text(text, encoding="utf-8")
    problems = Problems()
    found = read([str(folder / "written.yaml")], problems, wanted=lambda _version, _kind: True).documents
    assert problems.errors == ()
    values = [policy.value for policy in written]  # type: ignore[attr-defined]
    return [doc.value for doc in found] == list(yaml.safe_load_all(text)) == values


@pytest.mark.parametrize("seed", range(100))
def test_what_is_written_is_read_back(seed: int, tmp_path: Path) -> None:
    """Generated policies survive, and are written the same way again."""
    found = {p.id: p for p in map(read_policy, policies(Random(seed)))}
    written, _ = translated(*found.values())
    if written:
        assert same(write(written), written, tmp_path)
        assert write(written) == write(translated(*reversed(found.values()))[0])


@pytest.mark.parametrize("word", AMBIGUOUS)
def test_text_that_looks_like_something_else_is_quoted(word: str, tmp_path: Path) -> None:
    """As a name, a namespace, a label key, a value and (where the API has it) the name of a port."""
    port = word if any(char.isalpha() for char in word) else f"{word}a"
    spec = (
        f"{{podSelector: {{matchLabels: {{'{word}': '{word}'}}}}, "
        f"ingress: [{{from: [{{namespaceSelector: {{matchExpressions: [{{key: '{word}', operator: Exists}}]}}}}], ports: [{{port: '{port}'}}]}}]}}"
    )
    written, _ = translated(native(spec, word, word))
    assert same(write(written), written, tmp_path)


def test_long_lists_have_a_line_for_each_item(tmp_path: Path) -> None:
    """So that a change of one is one line of a difference."""
    ports = ", ".join(f"{{port: {number}}}" for number in range(1000, 1100, 2))
    written, _ = translated(native(f"{{podSelector: {{}}, ingress: [{{ports: [{ports}]}}]}}"))
    assert "      - 1002\n" in write(written)
    assert same(write(written), written, tmp_path)


def test_a_comment_names_the_source_of_each_policy_and_rule() -> None:
    """With file, line and column; rules that follow from one native rule share a comment."""
    policy = native("{podSelector: {}, ingress: [{ports: [{port: 1}, {port: 2, protocol: UDP}]}, {}]}")
    text = write(translated(policy)[0])
    comments = [line.strip() for line in text.splitlines() if line.lstrip().startswith("#")]
    assert comments == [
        "# from NetworkPolicy shop/p, generated.yaml:1:1",
        "# ingress[0], generated.yaml:1:1",
        "# ingress[1], generated.yaml:1:1",
    ]


def test_a_comment_stays_one_whatever_the_name_of_the_file() -> None:
    """A line break in a file's name cannot write YAML of its own."""
    policy = native("{podSelector: {}}")._replace(span=Span("a\nkind: Evil\u2028x.yaml", 1, 1))
    text = write(translated(policy)[0])
    assert text.splitlines()[0] == r"# from NetworkPolicy shop/p, a\nkind: Evil\u2028x.yaml:1:1"
