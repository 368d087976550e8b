"""Clusters of any size for the HTML report, and what a page has in it."""

from __future__ import annotations

import json
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from npverify.report.html.flow_map import NODES, OUTSIDE, FlowMap

Pairs = Counter[tuple[str, str, str]]
"""Source, destination and verdict, with how often that is said."""


def cluster(folder: Path, workloads: int, of_one: int = 10) -> Path:
    """`workloads` Deployments in namespaces of `of_one`; each namespace is closed but for one port, every fourth has a front."""
    items: list[object] = []
    for number in range(workloads):
        team = number // of_one
        namespace = f"team-{team:03}"
        if number % of_one == 0:
            items.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            own = {
                "from": [{"podSelector": {"matchLabels": {"tier": f"t{team % 3}"}}}],
                "ports": [{"port": 8000 + team % 7}],
            }
            items.append(_policy(namespace, "own", {}, own))
            if team % 4 == 0:
                outside = [{"namespaceSelector": {}}, {"ipBlock": {"cidr": "192.0.2.0/24"}}]
                items.append(_policy(namespace, "front", {"tier": "t0"}, {"from": outside, "ports": [{"port": 443}]}))
        labels = {"app": f"a{number % of_one}", "tier": f"t{number % 4}"}
        items.append(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": f"app-{number % of_one}", "namespace": namespace},
                "spec": {
                    "replicas": 1 + number % 2,
                    "selector": {"matchLabels": {"app": labels["app"]}},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
                },
            }
        )
    items.append(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "lone", "namespace": "team-000"},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "world.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), encoding="utf-8"
    )
    return folder


def _policy(namespace: str, name: str, selected: dict[str, str], rule: object) -> object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {"matchLabels": selected}, "policyTypes": ["Ingress"], "ingress": [rule]},
    }


def said(flows: FlowMap) -> Pairs:
    """What the groups say, pair by pair: the traffic of any source to any other destination."""
    found: Pairs = Counter()
    for group in flows.groups:
        for source in group.sources:
            for destination in group.destinations:
                place = flows.places[source]
                if source == destination and place.single and not group.itself:
                    continue
                other = flows.places[destination]
                found[(f"{place.namespace}/{place.name}", f"{other.namespace}/{other.name}", group.traffic)] += 1
    return found


def counted(flows: FlowMap, text: str = "", role: str = "either", port: str = "") -> dict[str, int]:
    """What the page should count, pair by pair."""
    protocol, _, ports = port.rpartition("/") if port[:1].isdigit() else (port.upper(), "", "")
    first, _, last = (ports or "0-65535").partition("-")
    low, high = int(first), int(last or first)
    places = flows.places
    full = [p.name if p.namespace == OUTSIDE else f"{p.namespace}/{p.name}" for p in places]
    named = [text in f"{name} {place.kind}".lower() for name, place in zip(full, places, strict=True)]
    found: Counter[int] = Counter()
    told = set()
    wanted = {"from": lambda s, d: named[s], "to": lambda s, d: named[d], "either": lambda s, d: named[s] or named[d]}[
        role
    ]
    for group in flows.groups:
        fits = not port or any(
            (not protocol or name == protocol) and one <= high and low <= other for name, one, other in group.spans
        )
        for s in group.sources if fits else ():
            for d in group.destinations:
                if wanted(s, d) and not (s == d and places[s].single):
                    found[group.verdict] += 1
                    told.add((s, d))
    inside = [n for n, place in enumerate(places) if place.namespace != OUTSIDE]
    rest = {(s, d) for s in inside for d in inside if wanted(s, d) and not (s == d and places[s].single)}
    assert all(place.namespace != NODES for place in places)
    return {"everything": found[0], "some ports": found[1], "nothing": len(rest - told)}


class Page(HTMLParser):
    """The elements of a page in order, with their texts and attributes; an element that nobody closed is an error."""

    VOID = frozenset({"meta", "input", "br", "link", "img"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def having(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        """The elements of a kind with these attributes; `class_` is one of the classes."""
        name = attributes.pop("class_", None)
        return [
            found
            for kind, found in self.tags
            if kind == tag
            and all(found.get(key) == value for key, value in attributes.items())
            and (name is None or name in (found.get("class") or "").split())
        ]
