"""Files that cannot be read as manifests."""

from __future__ import annotations

from bad_input.shape import WORLD, Bad

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
PLAIN = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"

ROWS = [
    Bad(
        "a flow map that is never closed", {"in.yaml": PLAIN + "spec: {containers: [\n"}, (("NPV005", ""),), unmarked=1
    ),
    Bad(
        "a sequence item below a map on the same level",
        {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n ▷- item\n"},
        (("NPV005", ""),),
    ),
    Bad(
        "a tab in the indentation",
        {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n▶\tname: web\n"},
        (("NPV006", "tab"),),
    ),
    Bad(
        "a Helm template",
        {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: ▷{{ .Release.Name }}-web\n"},
        (("NPV007", "Helm"),),
    ),
    Bad(
        "a Helm block on a line of its own",
        {"in.yaml": "▷{{- if .Values.enabled }}\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\n{{- end }}\n"},
        (("NPV007", "Helm"),),
    ),
    Bad(
        "a key that stands twice",
        {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels: {app: web}\n  ▶labels: {app: db}\n"},
        (("NPV008", "labels"),),
    ),
    Bad(
        "two objects without a line `---` between them",
        {
            "in.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"
            "▶apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec: {}\n"
        },
        (("NPV008", "`---`"),),
    ),
    Bad(
        "a policy behind an unread object without a line `---` between them",
        {
            "in.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
            "▶apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: db}\nspec: {podSelector: {}}\n"
        },
        (("NPV008", "`---`"),),
    ),
    Bad(
        "a key that stands twice in JSON",
        {"in.json": '{"apiVersion": "v1", "kind": "Pod",\n "metadata": {"name": "web", ▷"name": "db"}}\n'},
        (("NPV008", "name"),),
        args=("prove", "in.json", "--spec", "ok.npv"),
    ),
    Bad("an alias without an anchor", {"in.yaml": PLAIN + "spec: ▶*nowhere\n"}, (("NPV005", "nowhere"),)),
    Bad(
        "an alias inside of its own anchor",
        {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata: ▷&m\n  name: web\n  labels: *m\n"},
        (("NPV010", "contains it"),),
    ),
    Bad("an alias bomb", {"in.yaml": PLAIN + BOMB}, (("NPV010", "alias"),), unmarked=1),
    Bad(
        "nesting in YAML beyond reason",
        {"in.yaml": PLAIN + "spec: " + "[" * 20000 + "]" * 20000 + "\n"},
        (("NPV011", "nest"),),
        unmarked=1,
    ),
    Bad(
        "nesting by indentation beyond reason",
        {"in.yaml": PLAIN + "".join(" " * i + "a:\n" for i in range(1000))},
        (("NPV011", "nest"),),
        unmarked=1,
    ),
    Bad(
        "nesting in JSON beyond reason",
        {"in.json": '{"apiVersion": "v1", "kind": "Pod", "spec": ' + "[" * 200000 + "]" * 200000 + "}"},
        (("NPV011", "nest"),),
        args=("prove", "in.json", "--spec", "ok.npv"),
        unmarked=1,
    ),
    Bad(
        "a binary file",
        {"in.yaml": b"\x7fELF\x02\x01\x01\x00\x00\xff\xfe" + bytes(range(256))},
        (("NPV004", "text"),),
        unmarked=1,
    ),
    Bad("UTF-16 with a byte order mark", {"in.yaml": PLAIN.encode("utf-16")}, (("NPV004", "UTF-16"),), unmarked=1),
    Bad("Latin-1 text", {"in.yaml": (PLAIN + "# caf\xe9\n").encode("latin-1")}, (("NPV004", "UTF-8"),), unmarked=1),
    Bad("a NUL byte in the middle", {"in.yaml": PLAIN.encode() + b"spec:\x00\n"}, (("NPV004", ""),), unmarked=1),
    Bad(
        "JSON that is cut off",
        {"in.json": '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "we'},
        (("NPV013", ""),),
        args=("prove", "in.json", "--spec", "ok.npv"),
        unmarked=1,
    ),
    Bad(
        "NaN in JSON",
        {
            "in.json": '{"apiVersion": "v1", "kind": "Pod",\n "metadata": {"name": "web"},\n "spec": {"priority": ▷NaN}}\n'
        },
        (("NPV013", "NaN"),),
        args=("prove", "in.json", "--spec", "ok.npv"),
    ),
    Bad(
        "a path that is not there",
        {},
        (("NPV001", "missing.yaml"),),
        args=("prove", "missing.yaml", "--spec", "ok.npv"),
        unmarked=1,
    ),
    Bad(
        "two paths that are not there are two messages",
        {},
        (("NPV001", "one.yaml"), ("NPV001", "two.yaml")),
        args=("prove", "one.yaml", "two.yaml", "--spec", "ok.npv"),
        unmarked=2,
    ),
    Bad(
        "a folder without a manifest",
        {"empty/readme.txt": "nothing\n"},
        (("NPV003", "empty"),),
        args=("prove", "empty", "--spec", "ok.npv"),
        unmarked=1,
    ),
    Bad("an empty file", {"in.yaml": ""}, (("NPV144", ""),), unmarked=1),
    Bad("a file of comments", {"in.yaml": "# nothing yet\n---\n# nor here\n"}, (("NPV144", ""),), unmarked=1),
    Bad("a list where an object should stand", {"in.yaml": "▷- kind: Pod\n"}, (("NPV014", ""),)),
    Bad("a sentence where an object should stand", {"in.yaml": "▷hello world\n"}, (("NPV014", ""),)),
    Bad("an object without kind", {"in.yaml": "▷apiVersion: v1\nmetadata: {name: web}\n"}, (("NPV014", "kind"),)),
    Bad(
        "an object without apiVersion", {"in.yaml": "▷kind: Pod\nmetadata: {name: web}\n"}, (("NPV014", "apiVersion"),)
    ),
    Bad(
        "a kind that is a number",
        {"in.yaml": "apiVersion: v1\nkind: ▶5\nmetadata: {name: web}\n"},
        (("NPV014", "kind"),),
    ),
    Bad(
        "a tag that would build an object",
        {"in.yaml": PLAIN + "spec: ▷!!python/object/apply:os.system {args: [x]}\n"},
        (("NPV012", "tag"),),
    ),
    Bad(
        "a label key that is a number",
        {"in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels:\n    ▶1: a\n"},
        (("NPV009", "1"),),
    ),
    Bad(
        "a List whose items are no list", {"in.yaml": "apiVersion: v1\nkind: List\nitems: ▷5\n"}, (("NPV014", "items"),)
    ),
    Bad(
        "an error in each of two documents",
        {
            "in.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n▶\tname: web\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec: ▶*nowhere\n"
        },
        (("NPV006", "tab"), ("NPV005", "nowhere")),
    ),
    Bad(
        "an error in each of two files",
        {
            "a/one.yaml": "▷kind: Pod\nmetadata: {name: web}\n",
            "a/two.yaml": PLAIN + "spec: ▶*nowhere\n",
            "a/world.yaml": WORLD,
        },
        (("NPV014", "apiVersion"), ("NPV005", "nowhere")),
        args=("prove", "a", "--spec", "ok.npv"),
    ),
]
