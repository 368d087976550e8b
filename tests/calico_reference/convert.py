"""Kubernetes policies as the Calico policies that Calico makes of them: the rules as v3 rules, the subjects as selectors.

Sources: libcalico-go/lib/backend/k8s/conversion/conversion.go and clusternetworkpolicy.go. The manifests are `decoded`.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from reference import Manifest, policy_types

ORCHESTRATOR = "projectcalico.org/orchestrator == 'k8s'"
_ACTIONS = {"Accept": "Allow", "Deny": "Deny", "Pass": "Pass"}
_TIERS = {"Admin": "kube-admin", "Baseline": "kube-baseline"}

Ports = dict[str, list[Any] | None]  # protocol ("" for none) to its ports; None: every port


def network_policy(policy: Manifest) -> Manifest:
    """The spec of the NetworkPolicy that a Kubernetes NetworkPolicy becomes; each rule and peer is one Allow rule."""
    spec = policy.get("spec", {})
    return {
        "order": 1000,
        "selector": _pods(spec.get("podSelector", {})),
        "types": sorted(policy_types(spec)),
        "ingress": [rule for written in spec.get("ingress", []) for rule in _rules(written, "from", "source")],
        "egress": [rule for written in spec.get("egress", []) for rule in _rules(written, "to", "destination")],
    }


def cluster_policy(policy: Manifest) -> Manifest:
    """The spec of the GlobalNetworkPolicy that a ClusterNetworkPolicy becomes."""
    spec = policy["spec"]
    subject = spec["subject"]
    pods = subject.get("pods", {"namespaceSelector": subject.get("namespaces", {})})
    ingress = [rule for written in spec.get("ingress", []) for rule in _cluster_rules(written, "from", "source")]
    egress = [rule for written in spec.get("egress", []) for rule in _cluster_rules(written, "to", "destination")]
    return {
        "tier": _TIERS[spec["tier"]],
        "order": spec["priority"],
        "namespaceSelector": _namespaces(pods["namespaceSelector"]),
        "selector": _pods(pods.get("podSelector", {})),
        "types": [name for name, rules in (("Ingress", ingress), ("Egress", egress)) if rules],
        "ingress": ingress,
        "egress": egress,
    }


def _terms(selector: Manifest) -> list[str]:
    terms = [f"{key} == '{value}'" for key, value in sorted(selector.get("matchLabels", {}).items())]
    for requirement in selector.get("matchExpressions", []):
        key, values = requirement["key"], "', '".join(requirement.get("values", []))
        terms.append(
            {
                "In": f"{key} in {{ '{values}' }}",
                "NotIn": f"{key} not in {{ '{values}' }}",
                "Exists": f"has({key})",
                "DoesNotExist": f"! has({key})",
            }[requirement["operator"]]
        )
    return terms


def _pods(selector: Manifest) -> str:
    return " && ".join([ORCHESTRATOR, *_terms(selector)])


def _namespaces(selector: Manifest) -> str:
    return " && ".join(_terms(selector)) or "all()"


def _rules(rule: Manifest, peers: str, side: str) -> list[Manifest]:
    made = []
    for protocol, ports in _ports(rule.get("ports", [])).items():
        for peer in rule.get(peers, []) or [None]:
            sides: dict[str, Manifest] = {"source": {}, "destination": {}}
            sides["destination"]["ports"] = ports or []
            if peer is not None:
                sides[side] |= _peer(peer)
            made.append(_rule("Allow", protocol, sides))
    return made


def _rule(action: str, protocol: str, sides: dict[str, Manifest]) -> Manifest:
    return {"action": action, **({"protocol": protocol} if protocol else {}), **sides}


def _peer(peer: Manifest) -> Manifest:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        masked = [str(ip_network(c, strict=False)) for c in (block["cidr"], *block.get("except", []))]
        return {"nets": masked[:1], "notNets": masked[1:]}
    made = {"selector": _pods(peer.get("podSelector", {}))}
    if "namespaceSelector" in peer:
        made["namespaceSelector"] = _namespaces(peer["namespaceSelector"])
    return made


def _ports(entries: list[Manifest]) -> Ports:
    found: Ports = {} if entries else {"": None}
    for entry in entries:
        port = entry.get("port")
        if "endPort" in entry:
            port = f"{port}:{entry['endPort']}"
        _add(found, entry.get("protocol", "TCP"), port)
    return dict(sorted(found.items()))


def _add(found: Ports, protocol: str, port: Any) -> None:
    """Every port of a protocol wins over its single ports."""
    ports = found.setdefault(protocol, [])
    if port is None:
        found[protocol] = None
    elif ports is not None:
        ports.append(port)


def _cluster_rules(rule: Manifest, peers: str, side: str) -> list[Manifest]:
    """A rule that cannot be converted is left out if it accepts, and denies everything if it does not."""
    action = _ACTIONS[rule["action"]]
    made = []
    for protocol, ports in _cluster_ports(rule.get("protocols", [])).items():
        for peer in rule[peers]:
            sides: dict[str, Manifest] = {"source": {}, "destination": {"ports": ports or []}}
            if "namespaces" in peer:
                sides[side]["namespaceSelector"] = _namespaces(peer["namespaces"])
            elif "pods" in peer:
                sides[side]["namespaceSelector"] = _namespaces(peer["pods"]["namespaceSelector"])
                sides[side]["selector"] = _pods(peer["pods"]["podSelector"])
            elif "networks" in peer and side == "destination":
                sides[side]["nets"] = [str(ip_network(c, strict=False)) for c in peer["networks"]]
            else:
                return [] if action == "Allow" else [{"action": "Deny"}]
            made.append(_rule(action, protocol, sides))
    return made


def _cluster_ports(entries: list[Manifest]) -> Ports:
    found: Ports = {} if entries else {"": None}
    for entry in entries:
        if not entry:
            return {"": None}
        if "destinationNamedPort" in entry:
            _add(found, "", entry["destinationNamedPort"])
            continue
        (protocol,) = entry
        port = entry[protocol].get("destinationPort", {})
        number = port.get("number")
        if "range" in port:
            number = f"{port['range']['start']}:{port['range']['end']}"
        _add(found, protocol.upper(), number)
    return dict(sorted(found.items()))
