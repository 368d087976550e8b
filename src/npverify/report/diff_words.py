"""What every report of a change says alike: the title, the names of its ends, its traffic, what it hangs on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npverify.analyses.diff.results import Cause, Change, ChangeEnds, DiffResult, Opening
from npverify.analyses.equiv_results import Meeting, RegionEnd
from npverify.analyses.results import Status
from npverify.analyses.world import differing
from npverify.inventory.model import Endpoint
from npverify.reduction.kafka import STREAMED
from npverify.reduction.requests import ASKED, SENT
from npverify.report.assumed import only_if
from npverify.report.equiv_regions import blocks_text, end_text, traffic_text
from npverify.report.paint import count

_SHOWN = 4
_FEW = 2  # whole namespaces that read better than all pods but some
_MEETINGS = {
    Meeting.ITSELF: "a pod to itself",
    Meeting.ONE_NODE: "on one node",
    Meeting.OTHER_NODES: "on different nodes",
}


def title(result: DiffResult, *, include_new: bool = False) -> str:
    """`Connections: 2 opened, 1 closed, 1 changed`, and what became of the assertions."""
    listed = (*result.changes, *result.one_sided) if include_new else result.changes
    parts = [f"{_connections(listed, opening):,} {opening}" for opening in Opening]
    text = f"Connections: {', '.join(parts)}"
    if not result.every and not result.undecided:
        text = "Connections: nothing is different"
    conditional = [change for change in result.conditional if include_new or not change.only]
    sent = list(_of_what_is_sent(conditional))
    if not listed:  # three noughts alone would read as if nothing had changed
        if sent:
            text = "Connections: none opened or closed"
        if folded := sum(change.connections for change in result.one_sided):
            text += f" · {folded:,} of what one version alone has"
    text += "".join(f" · {part}" for part in sent)
    if not listed and (readings := sum(not _sent(change) for change in conditional)):
        text += f" · {count(readings, 'group')} under other readings"
    for status in ("opened", "closed", "changed"):
        if ways := sum(way.status == status for way in result.ways):
            text += f" · {count(ways, 'way')} in {status}"
    if others := differing(result.old, result.new):
        text += f" · {count(len(others), 'object')} not judged and not the same"
    for number, word in (
        (sum(c.status is Status.REFUTED for c in result.claims), "forbidden by an assertion"),
        (sum(p.broken for p in result.promises), "broken"),
    ):
        if number:
            noun = count(number, "change") if word.startswith("forbidden") else count(number, "promise")
            text += f" · {noun} {word}"
    return text


_SENT = {SENT.name: "HTTP requests", ASKED.name: "DNS queries", STREAMED.name: "requests of Kafka"}
"""What is sent over a connection, by the unknown that says so: in the default reading nothing is."""


def _sent(change: Change) -> str:
    """What a change needs to be sent over a connection; "" for nothing."""
    return next((_SENT[needed.name] for needed in change.reading if needed.name in _SENT), "")


def _of_what_is_sent(changes: Sequence[Change]) -> Iterator[str]:
    """`HTTP requests: 1 group opened, 2 closed`: what passes over connections that may be the same."""
    for what in _SENT.values():
        signs = [sign(change) for change in changes if _sent(change) == what]
        numbers = [
            (signs.count(one), word)
            for one, word in (("+", "opened"), ("-", "closed"), ("~", "changed"))
            if one in signs
        ]
        if numbers:
            (first, word), *others = numbers
            parts = [f"{count(first, 'group')} {word}", *(f"{number:,} {word}" for number, word in others)]
            yield f"{what}: {', '.join(parts)}"


def _connections(changes: Sequence[Change], opening: Opening) -> int:
    return sum(change.connections for change in changes if change.opening is opening)


def sign(change: Change) -> str:
    """`+` what is added, `-` what is removed, `~` where both or where something passed before and does still."""
    if change.added and change.removed:
        return "~"
    return "+" if change.added else "-"


def ends_text(ends: ChangeEnds, *, full: bool = False) -> str:
    """`shop/web (Deployment)`, `namespace shop (12 workloads)`, `every pod`; the first few and how many more."""
    if full:
        return ", ".join(map(end_text, ends.ends))
    parts, left = [], list(ends.ends)
    few = len(ends.namespaces) <= _FEW and all(number == total for _, number, total in ends.namespaces)
    if ends.all_pods and not (ends.but and few):
        pods = [end for end in left if _is_pod(end)]
        but = f" except {', '.join(map(end_text, ends.but))}" if ends.but else ""
        parts.append(f"every pod{but} ({count(len(pods), 'workload')})")
        left = [end for end in left if not _is_pod(end)]
    else:
        many = len(left) > _SHOWN + 1
        for name, number, total in ends.namespaces:
            if number > 1 and (many or number == total):
                some = f"{number} of {total} workloads of namespace {name}"
                parts.append(f"namespace {name} ({count(total, 'workload')})" if number == total else some)
                left = [end for end in left if not (_is_pod(end) and end.workload and end.workload.namespace == name)]
    if ends.all_nodes:
        parts.append("every node")
        left = [end for end in left if end.workload is None or end.workload.kind != "Node"]
    parts += [end_text(end) for end in left]
    shown = parts if len(parts) <= _SHOWN + 1 else [*parts[:_SHOWN], f"{len(parts) - _SHOWN} more"]
    return ", ".join(shown)


def _is_pod(end: RegionEnd) -> bool:
    return end.workload is not None and end.workload.kind != "Node" and not end.cluster


def change_traffic(change: Change) -> str:
    """`TCP 5432`; where something is added and something is removed, `+ TCP 8081, - TCP 8080`."""
    if change.added and change.removed:
        return f"+ {traffic_text(change.added)} - {traffic_text(change.removed)}"
    return traffic_text(change.added or change.removed)


def marks(change: Change) -> Iterator[str]:
    """What else has to be said of a change, in a few words each."""
    if change.family:
        yield f"IPv{change.family}"
    if change.meeting in _MEETINGS:
        yield _MEETINGS[change.meeting]
    if change.one_node:
        yield f"on one node in the {change.one_node} version alone"
    if change.service is not None:
        namespace, name, port = change.service
        at = f" at {blocks_text(change.vips)}" if change.vips else ""
        yield f"through service {namespace}/{name} port {port}{at}"
    if change.opening is Opening.CHANGED and not (change.added and change.removed):
        yield "other traffic passed before" if change.added else "other traffic still passes"


def outside_mark(change: Change) -> str:
    """That the outside is involved; "" if it is not."""
    if change.from_outside:
        return "from outside"
    return "to outside" if change.to_outside else ""


def cause_text(cause: Cause) -> str:
    """`NetworkPolicy shop/db (changed)`, `Deployment shop/web (relabelled: app=web → app=api)`."""
    return f"{cause.name} ({cause.status})"


def place(cause: Cause) -> str:
    """Where an edit is: `k8s/db.yaml:12:3`, for a part that is gone `k8s/db.yaml:4:18, before git:main:k8s/db.yaml:12:3`."""
    before = f"before {cause.before}" if cause.before is not None else ""
    return ", ".join(part for part in (str(cause.span) if cause.span is not None else "", before) if part)


def needed_text(change: Change) -> str:
    """What a change needs, completing "only if …"."""
    return " and ".join(only_if(needed) for needed in change.reading)


def one_sided_text(ends: Sequence[Endpoint]) -> str:
    """The workloads, pods and nodes that one version alone has, by name."""
    names = list(dict.fromkeys(_workload(end) for end in ends))
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _workload(end: Endpoint) -> str:
    if end.is_node or end.workload is None:
        return str(end)
    return str(end.workload)


def unknowns_of(changes: Sequence[Change]) -> tuple[str, ...]:
    """The names of what some changes need, each once, sorted."""
    return tuple(sorted({needed.name for change in changes for needed in change.reading}))
