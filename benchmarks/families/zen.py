"""Z: one long access list, as the papers about Zen measure them: random permits and denies, the first line that matches
decides, what matches none is denied.

It is one policy of Calico, or several one behind the other, in front of one pod of unknown address, so that the destinations of the lines matter too. The last
two lines are planted: a permit and a deny of sources that no other line is about. The equal rewrite has each line's source
in two halves; the wrong one lets in what the planted deny is about.
"""

from __future__ import annotations

import random
from ipaddress import IPv4Network

from benchmarks.objects import Addresses, Change, Cluster, Fact, Object, calico_policy, namespace, pod
from benchmarks.rewrite import without

OPEN, CLOSED, UNNAMED = "198.51.100.0/24", "203.0.113.0/24", "192.0.2.0/24"
HOME = IPv4Network("10.0.0.0/8")
POLICY = "access-list"
MOST = 1_000
"""Lines of one policy: of more than 1,024 Calico warns. What does not fit goes on in the next one, by its order."""


def zen(lines: int, seed: int = 1) -> Cluster:
    """A list of so many lines, with the two planted ones."""
    rng = random.Random(seed)
    cluster = Cluster()
    labels = {"app": "gate"}
    addresses = Addresses()
    gate = pod("gate", "acl", labels, None)
    del gate["status"]  # not created yet: that is what leaves its address open
    cluster.objects += [namespace("acl"), gate, pod("other", "acl", {"app": "other"}, addresses.take())]
    drawn = [(rng.choice(("Allow", "Deny")), _block(rng, None), _block(rng, HOME)) for _ in range(max(0, lines - 2))]
    rules = [_line(action, [source], target) for action, source, target in drawn]
    ends = [_line("Allow", [OPEN], str(HOME)), _line("Deny", [CLOSED], str(HOME))]
    cluster.objects += _lists([*rules, *ends])
    cluster.assume = [f"assume pod addresses in {HOME}"]
    cluster.facts = [
        Fact(f"no {UNNAMED} reaches pod acl/gate", "proved"),  # the unmatched packet: it is denied
        Fact(f"no {OPEN} reaches pod acl/gate", "refuted"),
        Fact(f"every {OPEN} reaches pod acl/gate on tcp/443", "proved"),
        Fact(f"no {CLOSED} reaches pod acl/gate", "proved"),
    ]
    halves = [_line(action, without(source, []), target) for action, source, target in drawn]
    cluster.equal = _lists([*halves, *ends])
    cluster.wrong = _lists([*halves, ends[0], {**ends[1], "action": "Allow"}])
    flow = {"src": CLOSED, "dst": "acl/gate", "protocol": "any", "port": None}
    part, line = divmod(len(rules) + 1, MOST)
    cluster.change = Change(_name(part), f"spec.ingress[{line}].action", "Deny", "Allow", flow)
    return cluster


def _block(rng: random.Random, inside: IPv4Network | None) -> str:
    """A block of /24 to /32 (for sources /31), out of what is nobody's: 11.0.0.0 to 126.255.255.255, or the pods' own."""
    length = rng.randint(24, 32 if inside else 31)
    address = (10 << 24 if inside else rng.randint(11, 126) << 24) | rng.getrandbits(24)
    return str(IPv4Network((address & -1 << 32 - length, length)))


def _line(action: str, sources: list[str], target: str) -> Object:
    return {"action": action, "source": {"nets": sources}, "destination": {"nets": [target]}}


def _lists(lines: list[Object]) -> list[Object]:
    """The lines as one policy behind the other."""
    return [
        calico_policy(
            _name(part),
            {
                "order": 10 + part,
                "selector": "app == 'gate'",
                "types": ["Ingress"],
                "ingress": lines[first : first + MOST],
            },
        )
        for part, first in enumerate(range(0, len(lines), MOST))
    ]


def _name(part: int) -> str:
    return f"{POLICY}-{part + 1}" if part else POLICY
