"""What an answer rests on: the one line of assumptions, and how to settle what nobody can know from files."""

from __future__ import annotations

from npverify.analyses.results import AssertionResult, Assumed, ProveResult, Status
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, EachReachesSome, SomeFlow
from npverify.assertions.legs import NO_POD
from npverify.inventory.model import EndpointKind
from npverify.report.paint import count

MESH_MARK = "as far as network policies go: mesh policies may restrict further"
"""Stands behind a proof that something can be reached where the input has mesh policies."""


def assumptions(result: ProveResult, world: World) -> tuple[str, ...]:
    """Everything that the answers of a run leave out or take for granted, each once."""
    left_out = {phrase for answer in result.results for phrase in answer.assertion.assumed}
    if world.policies.judges_hosts:
        left_out.discard(NO_POD)
    found = [*result.assumed, *sorted(left_out, key=str.casefold)]
    if settings := world.policies.settings:
        found.append(f"settings {', '.join(f'{name}={value}' for name, value in settings)}")
    found += [f"{count(number, kind, kind)} ignored as asked" for kind, number in world.ignored.items()]
    if world.policies.audit is not None:
        found.append("denials that audit mode only reports, and lets pass, count as denied")
    if world.inventory.clusters:
        found.append("no address belongs to two clusters")
    if world.mesh:
        found.append("mesh policies may restrict traffic further")
    return tuple(dict.fromkeys(found))


def only_if(needed: Assumed) -> str:
    """What a counterexample needs, completing "only if …"."""
    return (needed.phrase or f"{needed.name} is {needed.value}").replace("{value}", needed.value)


def mend(needed: Assumed, world: World) -> str:
    """How the user can tell npverify what it had to leave open."""
    for switch in world.policies.switches:
        if switch.name == needed.name:
            others = [v for v in switch.values if v != needed.value]
            name, of, _ = switch.name.partition(" of ")
            option = "--assume-right" if of else "--assume"
            settings = " or ".join(f"{option} {name}={v}" for v in others)
            named = "" if world.policies.profile != "kubernetes" else ", or name it with --cni"  # any plugin's
            return f"if your plugin does otherwise, say so with {settings}{named}"
    if needed.name.startswith("address of "):
        owner = needed.name.removeprefix("address of ")
        elsewhere = {str(e): e.cluster for e in world.inventory.endpoints if e.cluster}
        if owner in elsewhere:
            return f"give the actual pods and nodes of cluster {elsewhere[owner]} (`kubectl get pods,nodes -A -o json`)"
        if owner in _with_addresses_of_nodes(world):
            return "give the actual pods and nodes (`kubectl get pods,nodes -A -o json`), or write `except hostnetwork pods`"
        return "say where pods live with --pod-cidr, or `assume pod addresses in …` in the spec"
    if needed.name.startswith("virtual address of "):
        return "write the Service's `clusterIP`, or say when it is translated with --assume service_translation=before_policy"
    if needed.name.startswith("interface of node "):
        return 'give the node a host endpoint with `interfaceName: "*"`, or one for each interface'
    if needed.name == "node" or needed.name.startswith("node of "):
        return "give the actual pods (`kubectl get pods -A -o json`), which tell their nodes"
    if needed.name.startswith("label ") and " of namespace " in needed.name:
        name = needed.name.rpartition(" of namespace ")[2]
        return f"add a manifest of namespace {name} with its labels"
    if needed.name.startswith("label "):
        return "give the actual pods (`kubectl get pods -A -o json`) instead of the workload"
    if needed.name.startswith("the HTTP request is "):
        return "ask about one request with `npverify eval --http`, as in --http 'GET /path'"
    if needed.name in ("nodes use VXLAN", "nodes use IPIP"):
        return "say `vxlanEnabled` and `ipipEnabled` in the FelixConfiguration `default`"
    return "nothing in the files settles this"


def _with_addresses_of_nodes(world: World) -> set[str]:
    """Names of nodes and of pods on the host network: they do not live where pods live."""
    return {str(e) for e in world.inventory.endpoints if e.kind in (EndpointKind.HOST_POD, EndpointKind.NODE)}


def mesh_may_restrict(answer: AssertionResult, world: World) -> bool:
    """Whether a proof says that traffic gets through, which mesh policies of the input may still stop."""
    claim = answer.assertion.claim
    positive = isinstance(claim, SomeFlow | EachReachesSome) or (isinstance(claim, AllFlows) and claim.want)
    return world.mesh and positive and answer.status is Status.PROVED
