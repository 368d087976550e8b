"""Deliberate faults in the dialect of Calico: each turns the row of the edge cases red that is about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialects.calico.edge_cases import CASES
from dialects.calico.test_calico_edge_cases import test_a_flow_is_worth_what_the_table_says as judge
from dialects.faults import Fault, caught, instead, rows
from npverify.dialects.calico import cluster, entries, host_stages, lower, order, read_policy, rules, services, subjects
from npverify.dialects.calico.host_stages import HostStages
from npverify.dialects.calico.hosts import Hosts
from npverify.dialects.calico.rules import RuleLowering
from npverify.dialects.calico.selection import Objects
from npverify.normal.policy import Action, Direction
from npverify.normal.predicates import FALSE, TRUE, or_, own_node

FAULTS = [
    # tiers and order
    Fault(
        "tiers are asked last to first",
        instead(lower, "tiers_in_order", lambda real: lambda *given: tuple(reversed(real(*given)))),
        "a Deny behind a tier that allows is never reached",
    ),
    Fault(
        "a tier that denies passes on what its policies do not mention",
        instead(lower, "in_tiers", lambda real: lambda tiers, found: real(entries.passing(tiers), found)),
        "the end of a tier denies what its policies did not mention, whatever later tiers say",
    ),
    Fault(
        "every tier denies at its end",
        instead(
            lower,
            "in_tiers",
            lambda real: lambda tiers, found: real([t._replace(default_action=Action.DENY) for t in tiers], found),
        ),
        "the end of a tier that passes leaves it to the profile",
    ),
    Fault(
        "native policies have order 2000",
        instead(entries, "NATIVE_ORDER", lambda real: 2000.0),
        "a global Deny of order 1001 comes behind native policies, which have order 1000",
    ),
    Fault(
        "a policy without order comes first",
        instead(order, "_rank", lambda real: lambda given: (given is not None, given or 0.0)),
        "a policy with an order comes before those without",
    ),
    Fault(
        "a tier that does not exist is skipped",
        instead(
            lower,
            "tiers_in_order",
            lambda real: (
                lambda given, named, *rest: tuple(
                    t for t in real(given, named, *rest) if t in (*given, *order.built_in(rest[0]))
                )
            ),
        ),
        "a policy in a tier that does not exist is enforced, and that tier denies",
    ),
    # policies and rules
    Fault(
        "a Pass goes on with the next policy of its tier",
        instead(
            RuleLowering,
            "lower",
            lambda real: lambda self, *given: tuple(r for r in real(self, *given) if r.action is not Action.PASS),
        ),
        "a tier may let one service through and pass on the rest",
    ),
    Fault(
        "a policy is about every direction that it has rules for",
        instead(
            read_policy,
            "_types",
            lambda real: (
                lambda spec, way, *, stored: tuple(
                    dict.fromkeys((*real(spec, way, stored=stored), *(d for d in Direction if spec.value.get(str(d)))))
                )
            ),
        ),
        "rules of a direction that types leaves out are inert",
    ),
    Fault(
        "a selector of a namespaced policy means every namespace",
        instead(rules, "selector_of", lambda real: lambda entity, namespace: real(entity, "")),
        "a selector of a namespaced policy finds pods of its namespace alone",
    ),
    Fault(
        "a negative selector alone is about objects",
        instead(
            RuleLowering,
            "_new_side",
            lambda real: (
                lambda self, entity, *rest: real(
                    self,
                    entity._replace(selector=entity.selector or rules.All()) if entity.not_selector else entity,
                    *rest,
                )
            ),
        ),
        "a negative selector alone in a global policy is about addresses, so unknown ones match",
    ),
    Fault(
        "excepted ports are not excepted",
        instead(
            RuleLowering,
            "_new_side",
            lambda real: lambda self, entity, *rest: real(self, entity._replace(not_ports=()), *rest),
        ),
        "a port that is both listed and excepted is excepted",
    ),
    Fault(
        "a list of blocks of one family leaves the other open",
        instead(RuleLowering, "_families", lambda real: lambda self, rule, side: TRUE),
        "a block that is excepted in one family closes the other",
    ),
    Fault(
        "a selector finds pods alone",
        instead(Objects, "selects", lambda real: lambda self, *given: real(replace(self, members=()), *given)),
        "a pod is matched by the labels of a set that its address lies in",
    ),
    Fault(
        "a service as a destination is every port of its backends",
        instead(services, "_ports", lambda real: lambda *_: TRUE),
        "a service as destination is its backends and their ports",
    ),
    Fault(
        "all() beside a namespaceSelector means hosts as well",
        instead(subjects, "replaced", lambda real: lambda node, instead: node),
        "all() beside a namespaceSelector means pods alone, even where the namespaceSelector is negative",
    ),
    Fault(
        "a Deny of a cluster policy with a peer that Calico cannot convert is dropped",
        instead(
            cluster,
            "_rules",
            lambda real: lambda rule, *rest: (r for r in real(rule, *rest) if r.action is not Action.DENY),
        ),
        "a Deny of a cluster policy with a peer that Calico cannot convert is a Deny of everything",
    ),
    # host endpoints
    Fault(
        "a host endpoint without policy is open",
        instead(HostStages, "_host", lambda real: lambda self, *given: replace(real(self, *given), final=Action.ALLOW)),
        "a host endpoint on all interfaces without policy and profile closes the host and leaves what it forwards",
    ),
    Fault(
        "no port of a host is failsafe",
        instead(
            host_stages, "failsafe", lambda real: lambda *given, **more: replace(real(*given, **more), match=FALSE)
        ),
        "such a host still reaches what the cluster cannot live without",
    ),
    Fault(
        "a profile that does not exist is left out",
        instead(host_stages, "profile_tier", lambda real: lambda *given: ()),
        "the profile of a namespace allows everything at host endpoints too",
    ),
    Fault(
        "every policy of a host applies on forward",
        instead(
            HostStages,
            "_forwarded",
            lambda real: (
                lambda self, *given: real(
                    replace(self, policies=tuple(p._replace(apply_on_forward=True) for p in self.policies)), *given
                )
            ),
        ),
        "a host closed by a policy that does not apply on forward still forwards",
    ),
    Fault(
        "before translation the port is that of the pod",
        instead(
            HostStages,
            "_before_translation",
            lambda real: lambda self, *given: replace(real(self, *given), before_translation=FALSE),
        ),
        "before translation, the port is that of the node",
    ),
    Fault(
        "a host endpoint of all interfaces is met by what a pod sends to its own host",
        instead(Hosts, "judge", lambda real: lambda self, side: or_(real(self, side), own_node(side))),
        "what a pod sends to its own host is not judged by policies that do not apply before translation",
    ),
    Fault(
        "a pod may begin a tunnel",
        instead(lower, "from_pods", lambda real: lambda *given, **more: replace(real(*given, **more), applies=FALSE)),
        "a pod may not begin a tunnel, whatever its policies allow",
    ),
]


@pytest.mark.parametrize("fault", rows(FAULTS))
def test_a_fault_is_caught(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fault the row does not hold any more."""
    case = next(case for case in CASES if case.fact == fault.fact)
    caught(lambda: judge(case), fault.plant, monkeypatch)
