"""Random rules and selectors of Calico that its API accepts, for `calico_generate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Literal

from generate import APPS, NAMES, PORTS, Manifest

Kind = Literal["endpoint", "namespace", "account"]

NETS = {
    4: ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/30", "10.1.0.1/32", "203.0.113.0/24", "192.168.0.0/24",
        "192.168.0.1/32"),
    6: ("::/0", "fd00::/8", "fd00::/126", "fd00::1/128"),
}  # fmt: skip
WITH_PORTS = ("TCP", "UDP", "SCTP", 6, 17, 132)
WITHOUT_PORTS = ("ICMP", "ICMPv6", "UDPLite", 1, 58, 50, 4)
PORT_NAMES = (*NAMES, "80-90")
KEYS: dict[Kind, dict[str, tuple[str, ...]]] = {
    "endpoint": {
        "app": APPS,
        "tier": ("a", "b", ""),
        "kind": ("ext", "own"),  # of sets alone
        "projectcalico.org/namespace": ("red", "blue"),
        "projectcalico.org/orchestrator": ("k8s",),
        "projectcalico.org/serviceaccount": ("default", "robot"),
        "pcns.env": ("prod", "dev"),
        "pcsa.team": ("core", "edge"),
    },
    "namespace": {
        "env": ("prod", "dev", ""),
        "kubernetes.io/metadata.name": ("red", "blue"),
        "projectcalico.org/name": ("red", "blue"),
        "projectcalico.org/namespace": ("red",),
    },
    "account": {"team": ("core", "edge"), "projectcalico.org/name": ("default", "robot")},
}


def chance(rng: Random, likely: float) -> bool:
    """True this often."""
    return rng.random() < likely


def selector(rng: Random, kind: Kind, depth: int = 2) -> str:
    """A selector over the labels that something of this kind may have, in one of the ways to write it."""
    if depth == 0 or chance(rng, 0.6):
        return _term(rng, kind)
    joined = rng.choice((" && ", "&&", " || ", "  ||\t")).join(
        _part(rng, kind, depth) for _ in range(rng.choice((1, 2, 2, 3)))
    )
    return f"!({joined})" if chance(rng, 0.15) else joined


def _part(rng: Random, kind: Kind, depth: int) -> str:
    made = selector(rng, kind, depth - 1)
    return f"({made})" if chance(rng, 0.6) else made


def _term(rng: Random, kind: Kind) -> str:
    key = rng.choice([*list(KEYS[kind])[:3] * 2, *KEYS[kind]])
    values = KEYS[kind][key]
    value, quote = rng.choice(values), rng.choice("'\"")
    several = ", ".join(
        f"{quote}{v}{quote}" for v in rng.sample(values, rng.randint(0 if chance(rng, 0.1) else 1, len(values)))
    )
    some: list[Callable[[], str]] = [
        lambda: f"{key} == {quote}{value}{quote}",
        lambda: f"{key} == {quote}{value}{quote}",
        lambda: f"{key}!={quote}{value}{quote}",
        lambda: f"{key} in {{{several}}}",
        lambda: f"{key} {rng.choice(('not in', 'notin'))} {{ {several} }}",
        lambda: f"has({key})",
        lambda: f"!has( {key} )",
        lambda: f"{key} contains {quote}{value[:2]}{quote}",
        lambda: f"{key} starts with {quote}{value[:1]}{quote}",
        lambda: f"{key} endswith {quote}{value[-1:]}{quote}",
        lambda: "all()",
        lambda: f"! !{key} == {quote}{value}{quote}",
    ]
    return rng.choice(some)()


_CRITERIA = {  # how often each is asked for, about the side that the rule is for and about the other one
    "nets": (5, 1),
    "notNets": (3, 1),
    "selector": (10, 2),
    "notSelector": (5, 1),
    "namespaceSelector": (7, 1),
    "serviceAccounts": (4, 1),
}


class Rules:
    """Makes rules for a policy of `namespace` ("" for none) beside these Services; `http`: some speak of requests too; `asking`: most
    of those for ingress do, and of little else."""

    def __init__(
        self,
        rng: Random,
        namespace: str,
        services: Sequence[tuple[str, str]] = (),
        *,
        http: bool = True,
        asking: bool = False,
    ) -> None:
        self.rng = rng
        self.namespace = namespace
        self.services = [*services, *services, ("red", "nobody")]
        self.http = http
        self.asking = asking
        self.service_rate = rng.choice((0, 0, 0.05, 0.5))  # rare criteria come together, or they never decide
        self.icmp_rate = rng.choice((0, 0.05, 0.05, 0.5))
        self.name_rate = rng.choice((0.1, 0.1, 0.7))

    def rule(self, direction: str) -> Manifest:
        """A rule of `ingress` or `egress`, of few criteria: one with many would match nothing."""
        rng = self.rng
        if self.asking and direction == "ingress" and chance(rng, 0.7):
            found: Manifest = {"action": "Allow", "http": self._requests()}
            if chance(rng, 0.3):
                found["source"] = {"selector": "all()"}
            return found | ({"protocol": "TCP"} if chance(rng, 0.7) else {})
        rule: Manifest = {"action": rng.choice(("Allow", "Allow", "Allow", "Deny", "Deny", "Pass", "Log"))}
        if chance(rng, self.service_rate):
            return rule | self._service(direction)
        protocol = rng.choice((*(None,) * 8, *("TCP",) * 8, 6, 6, "UDP", 17, 132, "SCTP", "UDPLite", 50, 4))
        if chance(rng, self.icmp_rate):
            protocol = rng.choice(("ICMP", "ICMP", "ICMPv6", 1, 58))
        family = {"ICMP": 4, 1: 4, "ICMPv6": 6, 58: 6}.get(protocol, rng.choice((4, 4, 6)))
        if protocol is not None:
            rule["protocol"] = protocol
        if chance(rng, 0.1):
            rule["notProtocol"] = rng.choice((*WITH_PORTS, *WITHOUT_PORTS))
        if protocol in ("ICMP", "ICMPv6", 1, 58):
            for field in ("icmp", "notICMP"):
                if chance(rng, 0.4):
                    rule[field] = self._icmp()
        if chance(rng, 0.1) and rule.get("notProtocol") not in (("ICMPv6", 58) if family == 4 else ("ICMP", 1)):
            rule["ipVersion"] = family
        sides: dict[str, Manifest] = {"source": {}, "destination": {}}
        self._ports(sides, protocol)
        near, far = ("source", "destination") if direction == "egress" else ("destination", "source")
        for _ in range(rng.choice((0, 0, 1, 1, 1, 1, 2, 2, 3))):
            side = far if chance(rng, 0.85) else near
            weights = [pair[side == near] for pair in _CRITERIA.values()]
            self._ask(sides[side], rng.choices(list(_CRITERIA), weights)[0], family)
        rule |= {side: entity for side, entity in sides.items() if entity or chance(rng, 0.05)}
        allows = direction == "ingress" and rule["action"] == "Allow" and protocol in (None, "TCP", 6)
        if self.http and allows and chance(rng, 0.1):
            rule["http"] = self._requests()
        return rule

    def _requests(self) -> Manifest:
        """Methods, paths, or both."""
        paths = [
            {"prefix": "/a"},
            {"exact": "/a"},
            {"prefix": "/a/x"},
            {"exact": "/c/12"},
            {"prefix": "/"},
            {"exact": "/"},
        ]
        methods = self.rng.choice((["GET"], ["GET"], ["PUT", "POST"], ["*"], ["get"], []))
        return {"methods": methods, "paths": self.rng.sample(paths, self.rng.choice((1, 1, 2, 0 if methods else 1)))}

    def _icmp(self) -> Manifest:
        made = {"type": self.rng.choice((0, 8, 135))}
        return made | ({"code": self.rng.choice((0, 1))} if chance(self.rng, 0.5) else {})

    def _ports(self, sides: dict[str, Manifest], protocol: Any) -> None:
        """Numbers need a protocol with ports, names need none, and no other protocol may have any."""
        rng = self.rng
        if protocol in WITH_PORTS:
            ports: tuple[Any, ...] = (*PORTS, "80", "80:443", "1:65535", "443:8080", "50:100", *NAMES)
            if chance(rng, self.name_rate):
                ports = NAMES
        elif protocol is None:
            ports = PORT_NAMES
        else:
            return
        likely = 0.6 if protocol is not None else 0.15 + self.name_rate / 2
        for side, field, often in (
            ("destination", "ports", likely),
            ("destination", "notPorts", 0.12),
            ("source", "ports", 0.06),
            ("source", "notPorts", 0.06),
        ):
            if chance(rng, often):
                sides[side][field] = self._some(ports)

    def _ask(self, entity: Manifest, criterion: str, family: int) -> None:
        """Add a criterion to a side."""
        rng = self.rng
        if criterion in ("nets", "notNets"):
            entity[criterion] = self._some(NETS[family][criterion == "notNets" :])
        elif criterion in ("selector", "notSelector"):
            entity[criterion] = "all()" if chance(rng, 0.1) else selector(rng, "endpoint")
        elif criterion == "namespaceSelector":
            entity[criterion] = rng.choice(("all()", "global()", *(selector(rng, "namespace") for _ in range(5))))
        else:
            entity[criterion] = self._accounts()

    def _service(self, direction: str) -> Manifest:
        """What is behind a Service, which leaves little room for other criteria."""
        namespace, name = self.rng.choice(self.services)
        services = {"name": name}
        if not self.namespace or chance(self.rng, 0.85):
            services["namespace"] = namespace
        made: Manifest = {"source" if direction == "ingress" else "destination": {"services": services}}
        if chance(self.rng, 0.3):
            made["protocol"] = self.rng.choice(("TCP", "UDP"))
        if direction == "ingress" and "protocol" in made and chance(self.rng, 0.5):
            made["destination"] = {"ports": self._some(PORTS)}
        return made

    def _accounts(self) -> Manifest:
        made: Manifest = {}
        if chance(self.rng, 0.6):
            made["names"] = self._some(("default", "robot", "reader"))
        if chance(self.rng, 0.4):
            made["selector"] = selector(self.rng, "account")
        return made

    def _some(self, of: tuple[Any, ...]) -> list[Any]:
        return self.rng.sample(of, min(len(of), self.rng.choice((1, 1, 2, 3))))
