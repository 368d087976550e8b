"""What is read from which path, in which order, and what is skipped and counted."""

from __future__ import annotations

import gc
import subprocess
from pathlib import Path

import pytest
from ingest_texts import KINDS, POD, read_text, told, values

from npverify.analyses.specs import named_specs
from npverify.ingest.read import read, read_content
from npverify.ingest.source import Problems


def pod(name: str) -> str:
    """A Pod of that name."""
    return f"{POD}metadata: {{name: {name}}}\n"


# id, file name, text, names of the documents
SPLITS: list[tuple[str, str, str, list[str]]] = [
    ("one document", "f.yaml", pod("a"), ["a"]),
    ("three documents", "f.yaml", "---\n".join(map(pod, "abc")), ["a", "b", "c"]),
    ("marker with comment", "f.yaml", f"--- # first\n{pod('a')}---\t\n{pod('b')}", ["a", "b"]),
    (
        "content on the marker",
        "f.yaml",
        f"--- {{apiVersion: v1, kind: Pod, metadata: {{name: a}}}}\n---\n{pod('b')}",
        ["a", "b"],
    ),
    ("marker inside indented text", "f.yaml", f"{POD}metadata: {{name: a}}\nt: |\n  x\n  ---\n  y\n", ["a"]),
    ("a longer rule of dashes is text", "f.yaml", f"{POD}metadata:\n  name: a\n  t: x\n   ----\n", ["a"]),
    ("marker at the very end", "f.yaml", pod("a") + "---", ["a"]),
    ("empty documents and comments", "f.yaml", f"---\n---\n# c\n---\n\n---\n{pod('a')}---\n~\n", ["a"]),
    ("document end", "f.yaml", f"{pod('a')}...\n---\n{pod('b')}...\n", ["a", "b"]),
    ("directive", "f.yaml", f"%YAML 1.1\n---\n{pod('a')}---\n{pod('b')}", ["a", "b"]),
    ("CRLF", "f.yaml", f"{pod('a')}---\n{pod('b')}".replace("\n", "\r\n"), ["a", "b"]),
    ("byte order mark", "f.yaml", "\ufeff" + pod("a"), ["a"]),
    ("JSON object", "f.json", '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}', ["a"]),
    ("JSON with tabs", "f.json", '\t{"apiVersion":\t"v1",\r\n\t"kind": "Pod", "metadata": {"name": "a"}}\n', ["a"]),
    ("JSON in a YAML file", "f.yaml", '{"apiVersion":\t"v1", "kind": "Pod", "metadata": {"name": "a"}}', ["a"]),
    ("flow YAML that is no JSON", "f.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: a}}", ["a"]),
    (
        "flow YAML, then more",
        "f.yaml",
        f'{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "a"}}}}\n---\n{pod("b")}',
        ["a", "b"],
    ),
    (
        "JSON one after the other",
        "f.json",
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}\n{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}}',
        ["a", "b"],
    ),
    (
        "a List in a List",
        "f.yaml",
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- apiVersion: v1\n  kind: List\n"
        "  items: [{apiVersion: v1, kind: Pod, metadata: {name: b}}]\n",
        ["a", "b"],
    ),
    (
        "a typed list",
        "f.yaml",
        "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n",
        ["a", "b"],
    ),
    ("an empty list", "f.yaml", "apiVersion: v1\nkind: List\nitems: []\n", []),
    ("kind by a merge key", "f.yaml", "x: &x {kind: Pod}\napiVersion: v1\nmetadata: {name: a}\n<<: *x\n", ["a"]),
]


@pytest.mark.parametrize(("name", "text", "names"), [row[1:] for row in SPLITS], ids=[row[0] for row in SPLITS])
def test_documents_are_found(name: str, text: str, names: list[str], tmp_path: Path) -> None:
    """The objects of a file come in its order, and nothing is complained about."""
    bundle, problems = read_text(text, name=name, folder=tmp_path)
    assert not problems.errors
    assert [d.name for d in bundle.documents] == names
    assert {(d.api_version, d.kind) for d in bundle.documents} <= {("v1", "Pod")}


# Texts whose only wanted object hides behind a line that looks like another kind, or the other way round.
DISGUISED = [
    ("the kind in quotes", '"kind": Pod\napiVersion: v1\nmetadata: {name: a}\nt: "x\nkind: Secret\n"\n'),
    ("an indented map", ' apiVersion: v1\n kind: Pod\n metadata: {name: a}\n t: "\nkind: Secret\napiVersion: v1\n"\n'),
    ("a flow map", "{apiVersion: v1, metadata: {name: a},\nkind: Pod,\nt: {\nkind: Secret,\napiVersion: v1}}\n"),
    (
        "an explicit key",
        "? kind\n: Pod\n? apiVersion\n: v1\n? metadata\n: {name: a}\n? t\n: 'x\nkind: Secret\napiVersion: v1\n'\n",
    ),
    (
        "another line break",
        'x: 1\u2028kind: Pod\u2028apiVersion: v1\u2028metadata: {name: a}\nt: "\nkind: Secret\napiVersion: v1\n"\n',
    ),
]


@pytest.mark.parametrize("text", [row[1] for row in DISGUISED], ids=[row[0] for row in DISGUISED])
def test_no_object_is_skipped_by_its_looks(text: str) -> None:
    """The shortcut that skips unwanted kinds unparsed never skips a wanted one."""
    bundle, problems = read_text(text)
    assert not problems.errors
    assert [(d.kind, d.name) for d in bundle.documents] == [("Pod", "a")]


def test_unwanted_kinds_are_counted() -> None:
    """Skipped objects are counted by kind in the order of the kinds, on the short way and inside lists."""
    text = "apiVersion: v1\nkind: Secret\n---\napiVersion: v1\nkind: ConfigMap\n---\napiVersion: v1\n'kind': Secret\n"
    text += "---\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret}]\n"
    bundle, problems = read_text(text)
    assert not problems.errors
    assert list(bundle.skipped.items()) == [("ConfigMap", 1), ("Secret", 3)]
    assert bundle.documents == ()


def test_errors_inside_unwanted_objects_do_not_matter() -> None:
    """Keys that only a ConfigMap has are nobody's business here, in YAML and in JSON."""
    for text in (
        "{apiVersion: v1, kind: ConfigMap, data: {1: a, 1: b}}",
        '{"apiVersion": "v1", "kind": "ConfigMap", "a": 1, "a": 2}',
    ):
        bundle, problems = read_text(text)
        assert not problems.errors
        assert bundle.skipped == {"ConfigMap": 1}


def test_a_folder_is_walked_in_order(tmp_path: Path) -> None:
    """Manifests and specs of a folder and its folders, sorted by name; hidden ones and other files are left alone."""
    for name in (
        "b.yml",
        "a.yaml",
        "c/d.json",
        "c/e.npv",
        "z.YAML",
        ".hidden.yaml",
        ".git/x.yaml",
        "notes.txt",
        "y.NPV",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            pod(path.stem) if path.suffix != ".json" else '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"d"}}'
        )
    problems = Problems()
    bundle = read([f"{tmp_path}/", f"{tmp_path}/a.yaml"], problems, wanted=lambda _version, kind: kind in KINDS)
    assert not problems.errors
    assert [d.span().file for d in bundle.documents] == [
        f"{tmp_path}/{n}" for n in ("a.yaml", "b.yml", "c/d.json", "z.YAML")
    ]
    assert [spec.name for spec in bundle.specs] == [f"{tmp_path}/c/e.npv", f"{tmp_path}/y.NPV"]
    assert bundle.files == 6


def test_a_link_around_itself_ends(tmp_path: Path) -> None:
    """A folder that links to a folder around it is walked once."""
    (tmp_path / "a.yaml").write_text(pod("a"))
    (tmp_path / "loop").symlink_to(tmp_path)
    problems = Problems()
    bundle = read([str(tmp_path)], problems, wanted=lambda _version, _kind: True)
    assert [d.name for d in bundle.documents] == ["a"]
    assert not problems.errors


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        pytest.param("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", 1, id="with its kind"),
        pytest.param("", 1, id="without a kind, as kustomize allows"),
        pytest.param("", 5, id="in many folders"),
    ],
)
def test_a_kustomization_is_not_applied_and_that_is_told(tmp_path: Path, kind: str, number: int) -> None:
    """What kustomize would make of a folder differs from its files, so one warning names the way to build it."""
    for i in range(number):
        (tmp_path / f"k{i}").mkdir()
        (tmp_path / f"k{i}" / "kustomization.yaml").write_text(f"{kind}namespace: shop\nresources: [a.yaml]\n")
        (tmp_path / f"k{i}" / "a.yaml").write_text(pod(f"a{i}"))
    problems = Problems()
    bundle = read([str(tmp_path)], problems, wanted=lambda version, kind: kind != "Kustomization")
    assert len(bundle.documents) == number
    assert not problems.errors
    assert [d.code for d in problems.warnings] == ["NPV017"]
    assert f"{tmp_path}/k0/kustomization.yaml" in problems.warnings[0].message
    assert problems.warnings[0].fix == f"name the folder that kustomize is to build as `kustomize:{tmp_path}/k0`"


def test_a_kustomization_of_a_commit_is_built_from_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No program of kustomize takes `git:REF:path`, so the warning does not name it as a folder."""
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    (tmp_path / "a.yaml").write_text(pod("a"))
    for command in ("git init -q", "git add .", "git -c user.name=a -c user.email=a@example.org commit -qm a"):
        subprocess.run(command.split(), cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    problems = Problems()
    read(["git:HEAD:"], problems, wanted=lambda version, kind: kind != "Kustomization")
    assert [d.code for d in problems.warnings] == ["NPV017"]
    assert (
        problems.warnings[0].fix == "check the commit out, and name the folder as `kustomize:FOLDER`, which builds it"
    )


def test_other_yaml_in_a_folder_is_counted_in_a_warning(tmp_path: Path) -> None:
    """Helm values, charts and lists are skipped with a count; half a manifest is an error."""
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: x\n")
    (tmp_path / "values.yaml").write_text("a: 1\n---\n- b\n")
    (tmp_path / "half.yaml").write_text("metadata: {name: a}\nspec: {}\n")
    problems = Problems()
    read([str(tmp_path)], problems, wanted=lambda _version, _kind: True)
    assert told(problems.errors) == [("NPV014", 1, 1)]
    assert [d.code for d in problems.warnings] == ["NPV015"]
    assert problems.warnings[0].message.startswith("3 documents")
    named = Problems()
    read([str(tmp_path), f"{tmp_path}/values.yaml"], named, wanted=lambda _version, _kind: True)
    assert [d.code for d in named.errors] == ["NPV014"] * 3


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: None, "NPV001"),
        (lambda path: path.mkdir(), "NPV003"),
        (lambda path: path.symlink_to(path), "NPV001"),
    ],
    ids=["missing", "empty folder", "link to itself"],
)
def test_a_path_without_manifests_is_an_error(make, code: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Nothing that the user names is passed over."""
    make(tmp_path / "x")
    problems = Problems()
    read([str(tmp_path / "x")], problems, wanted=lambda _version, _kind: True)
    assert [d.code for d in problems.errors] == [code]


def test_an_empty_input_is_warned_about() -> None:
    """A pipe that carries nothing is most likely a failed command."""
    bundle, problems = read_text("  \n")
    assert [d.code for d in problems.warnings] == ["NPV016"]
    assert (bundle.files, bundle.documents) == (1, ())


def test_kubectl_lets_a_later_merge_win() -> None:
    """go-yaml v2 lays merged maps over earlier keys, and of a list of maps the first wins; checked with kubectl 1.32."""
    text = (
        POD
        + "v: {a: 1, <<: {a: 2}}\nw: {<<: {a: 2}, a: 1}\nx: {<<: [{a: 1}, {a: 2}]}\ny_: {<<: {a: 1}, <<: {a: 2}}\nz: {'<<': {a: 2}}\n"
    )
    bundle, problems = read_text(text)
    assert not problems.errors
    (value,) = values(bundle)
    assert value == {
        "apiVersion": "v1",
        "kind": "Pod",
        "v": {"a": 2},
        "w": {"a": 1},
        "x": {"a": 1},
        "y_": {"a": 2},
        "z": {"<<": {"a": 2}},
    }


def test_half_a_surrogate_is_replaced() -> None:
    """What Go cannot decode becomes U+FFFD, so that it can be printed."""
    bundle, _ = read_text(
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a\\ud800b", "x": "\\ud83d\\ude00"}}'
    )
    assert bundle.documents[0].value["metadata"] == {"name": "a\ufffdb", "x": "\U0001f600"}


def test_a_lone_exclamation_mark_means_text() -> None:
    """`! 5` is the text 5 for kubectl."""
    bundle, _ = read_text(POD + "a: ! 5\nb: &x ! 6\nc: [!!str 7, 8!]\n")
    assert bundle.documents[0].value["a"] == "5"
    assert bundle.documents[0].value["b"] == "6"
    assert bundle.documents[0].value["c"] == ["7", "8!"]


def test_a_spec_is_read_by_name(tmp_path: Path) -> None:
    """A named spec may have any extension; of a folder the .npv files are specs; what cannot be read is told."""
    (tmp_path / "s.txt").write_text("assert x")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "t.npv").write_text("assert y")
    (tmp_path / "more" / "pods.yaml").write_text("kind: Pod")
    problems = Problems()
    found = named_specs((), [str(tmp_path / "s.txt"), str(tmp_path / "more"), str(tmp_path / "none")], problems)
    assert [spec.text for spec in found] == ["assert x", "assert y"]
    assert [d.code for d in problems.errors] == ["NPV001"]


def test_the_collector_runs_again_afterwards() -> None:
    """Garbage collection is only paused, also when reading fails."""

    def fail(_version: str, _kind: str) -> bool:
        raise RuntimeError("stop")

    assert gc.isenabled()
    with pytest.raises(RuntimeError):
        read(["-"], Problems(), wanted=fail, stdin=lambda: POD.encode())
    assert gc.isenabled()


def test_a_text_that_is_in_no_file_is_read_under_a_name():
    """Positions name what the caller calls it; kinds that are not wanted are left out."""
    problems = Problems()
    text = f"{pod('a')}---\napiVersion: v1\nkind: Secret\n---\n{pod('b')}"
    found = read_content("new.yaml", text, problems, wanted=lambda _version, kind: kind == "Pod")
    assert [document.name for document in found] == ["a", "b"]
    assert str(found[1].span("metadata", "name")) == "new.yaml:10:18"
    assert read_content("new.yaml", "a: [", problems, wanted=lambda _version, _kind: True) == ()
    assert [str(d.span) for d in problems.errors] == ["new.yaml:1:4"]
