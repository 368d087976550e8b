"""Files that cannot be read as manifests."""

from __future__ import annotations

from bad_input.shape import WORLD, Bad

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
PLAIN = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"

ROWS = [
    Bad("a flow map that is never closed", {"in.yaml": PLAIN + "spec: {containers: [\n"}, (("", ""),), unmarked=1),
    Bad(
        "a sequence item below a map on the same level",
        {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n ▷- item\n"},
        (("", ""),),
    ),
    Bad(
        "a tab in the indentation", {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n▶\tname: web\n"}, (("", "tab"),)
    ),
    Bad(
        "a Helm template",
        {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: ▷{{ .Release.Name }}-web\n"},
        (("", "Helm"),),
    ),
    Bad(
        "a Helm block on a line of its own",
        {"in.yaml": "▷{{- if .Values.enabled }}\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\n{{- end }}\n"},
        (("", "Helm"),),
    ),
    Bad(
        "a key that stands twice",
        {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels: {app: web}\n  ▶labels: {app: db}\n"},
        (("", "labels"),),
    ),
    Bad(
        "a key that stands twice in JSON",
        {"in.json": '{"apiVersion": "v1", "kind": "Pod",\n "metadata": {"name": "web", ▷"name": "db"}}\n'},
        (("", "name"),),
        args=("prove", "in.json", "--spec", "ok.npv"),
    ),
    Bad("an alias without an anchor", {"in.yaml": PLAIN + "spec: ▶*nowhere\n"}, (("", "nowhere"),)),
    Bad(
        "an alias inside of its own anchor",
        {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata: &m\n  name: web\n  labels: ▷*m\n"},
        (("", "itself"),),
    ),
    Bad("an alias bomb", {"in.yaml": PLAIN + BOMB}, (("", "alias"),), unmarked=1),
    Bad(
        "nesting in YAML beyond reason",
        {"in.yaml": PLAIN + "spec: " + "[" * 20000 + "]" * 20000 + "\n"},
        (("", "nest"),),
        unmarked=1,
    ),
    Bad(
        "nesting by indentation beyond reason",
        {"in.yaml": PLAIN + "".join(" " * i + "a:\n" for i in range(1000))},
        (("", "nest"),),
        unmarked=1,
    ),
    Bad(
        "nesting in JSON beyond reason",
        {"in.json": '{"apiVersion": "v1", "kind": "Pod", "spec": ' + "[" * 200000 + "]" * 200000 + "}"},
        (("", "nest"),),
        args=("prove", "in.json", "--spec", "ok.npv"),
        unmarked=1,
    ),
    Bad(
        "a binary file",
        {"in.yaml": b"\x7fELF\x02\x01\x01\x00\x00\xff\xfe" + bytes(range(256))},
        (("", "text"),),
        unmarked=1,
    ),
    Bad("UTF-16 with a byte order mark", {"in.yaml": PLAIN.encode("utf-16")}, (("", "UTF-16"),), unmarked=1),
    Bad("Latin-1 text", {"in.yaml": (PLAIN + "# caf\xe9\n").encode("latin-1")}, (("", "UTF-8"),), unmarked=1),
    Bad("a NUL byte in the middle", {"in.yaml": PLAIN.encode() + b"spec:\x00\n"}, (("", ""),), unmarked=1),
    Bad(
        "JSON that is cut off",
        {"in.json": '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "we'},
        (("", ""),),
        args=("prove", "in.json", "--spec", "ok.npv"),
        unmarked=1,
    ),
    Bad(
        "NaN in JSON",
        {
            "in.json": '{"apiVersion": "v1", "kind": "Pod",\n "metadata": {"name": "web"},\n "spec": {"priority": ▷NaN}}\n'
        },
        (("", "NaN"),),
        args=("prove", "in.json", "--spec", "ok.npv"),
    ),
    Bad(
        "a path that is not there",
        {},
        (("", "missing.yaml"),),
        args=("prove", "missing.yaml", "--spec", "ok.npv"),
        unmarked=1,
    ),
    Bad(
        "two paths that are not there are two messages",
        {},
        (("", "one.yaml"), ("", "two.yaml")),
        args=("prove", "one.yaml", "two.yaml", "--spec", "ok.npv"),
        unmarked=2,
    ),
    Bad(
        "a folder without a manifest",
        {"empty/readme.txt": "nothing\n"},
        (("", "empty"),),
        args=("prove", "empty", "--spec", "ok.npv"),
        unmarked=1,
    ),
    Bad("an empty file", {"in.yaml": ""}, (("", ""),), unmarked=1),
    Bad("a file of comments", {"in.yaml": "# nothing yet\n---\n# nor here\n"}, (("", ""),), unmarked=1),
    Bad("a list where an object should stand", {"in.yaml": "▷- kind: Pod\n"}, (("", ""),)),
    Bad("a sentence where an object should stand", {"in.yaml": "▷hello world\n"}, (("", ""),)),
    Bad("an object without kind", {"in.yaml": "▷apiVersion: v1\nmetadata: {name: web}\n"}, (("", "kind"),)),
    Bad("an object without apiVersion", {"in.yaml": "▷kind: Pod\nmetadata: {name: web}\n"}, (("", "apiVersion"),)),
    Bad("a kind that is a number", {"in.yaml": "apiVersion: v1\nkind: ▶5\nmetadata: {name: web}\n"}, (("", "kind"),)),
    Bad(
        "a tag that would build an object",
        {"in.yaml": PLAIN + "spec: ▷!!python/object/apply:os.system ['true']\n"},
        (("", "tag"),),
    ),
    Bad(
        "a label key that is a number",
        {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels:\n    ▶1: a\n"},
        (("", "1"),),
    ),
    Bad("a List whose items are no list", {"in.yaml": "apiVersion: v1\nkind: List\nitems: ▷5\n"}, (("", "items"),)),
    Bad(
        "an error in each of two documents",
        {
            "in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n▶\tname: web\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec: ▶*nowhere\n"
        },
        (("", "tab"), ("", "nowhere")),
    ),
    Bad(
        "an error in each of two files",
        {
            "a/one.yaml": "▷kind: Pod\nmetadata: {name: web}\n",
            "a/two.yaml": PLAIN + "spec: ▶*nowhere\n",
            "a/world.yaml": WORLD,
        },
        (("", "apiVersion"), ("", "nowhere")),
        args=("prove", "a", "--spec", "ok.npv"),
    ),
]
