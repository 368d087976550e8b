"""What a name means, as Markdown: the workloads with their addresses, whom a policy selects, whom a rule is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npverify.assertions import printer
from npverify.assertions import syntax as s
from npverify.assertions.packs import packs
from npverify.inventory.model import EXTERNAL, Endpoint, Service
from npverify.inventory.unknowns import Unknown
from npverify.lsp.names import Names, lets_of, under
from npverify.lsp.texts import lines_of, plain, word_at
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction, Policy, PolicyId, Rule
from npverify.normal.predicates import TRUE, AddressIn, Pred, atoms_of
from npverify.report.paint import count, printable
from npverify.report.words import kind_of

_MOST = 20
_SELECTORS = ("selector", "podselector", "namespaceselector", "endpointselector", "nodeselector", "subject", "pods")


def of_spec(names: Names, name: str, text: str, line: int, character: int) -> str:
    """What the name at a place of a spec means; "" if there is none."""
    found = under(name, text, line, character)
    if found is None:
        return ""
    if found.policy is not None:
        ids = names.policies(found.policy.name, found.policy.kind)
        return "\n\n".join(of_policy(names, each) for each in ids) or f"There is no policy `{found.policy.name}`."
    if found.pack:
        return f"```npv\n{packs()[found.pack].strip()}\n```" if found.pack in packs() else ""
    if found.namespace and not (found.ends and not isinstance(found.ends, s.Pods)):
        inside = names.universe.by_namespace.get(found.namespace)
        if inside is None:
            return f"There is no namespace `{printable(found.namespace)}`."
        return _listed(f"namespace {found.namespace}", inside)
    if found.ends is None:
        return ""
    members, wrong = names.members(found.ends, lets_of(name, text))
    if wrong:
        return printable(wrong[0][:1].upper() + wrong[0][1:]) + "."
    heading = printer.ends(found.let.ends if found.let else found.ends)
    if isinstance(found.ends, s.Named) and found.ends.kind == "service":
        service = _service(names, found.ends.name)
        return _listed(heading, members, _ports(service) if service is not None else "")
    return _listed(heading, members, "", perhaps={e for e, cond in members.items() if cond is not TRUE})


def _service(names: Names, name: str) -> Service | None:
    full = names.directory.of_kind("service", name)
    return names.directory.service(next(iter(full))) if len(full) == 1 else None


def _ports(service: Service) -> str:
    ports = ", ".join(f"{p.protocol} {p.number}" for p in service.ports)
    addresses = ", ".join(str(a) for a in service.vips)
    return f"{service.type}{f' {addresses}' if addresses else ''}, {ports or 'no ports'}"


def _listed(heading: str, members: Iterable[Endpoint], more: str = "", perhaps: Iterable[Endpoint] = ()) -> str:
    ends, open_ = list(members), set(perhaps)
    outside = EXTERNAL in ends
    known = [e for e in ends if e is not EXTERNAL]
    parts = [count(len(known), "workload, pod or node", "workloads, pods and nodes")] if known or not outside else []
    if outside:
        parts.append("addresses outside" if EXTERNAL not in open_ else "some addresses outside")
    out = [f"**`{printable(heading)}`** — {' and '.join(parts)}"]
    if more:
        out.append(printable(more))
    rows = [_row(e, perhaps=e in open_) for e in known[:_MOST]]
    if len(known) > _MOST:
        rows.append(f"- … and {len(known) - _MOST:,} more")
    return "\n\n".join([*out, "\n".join(rows)] if rows else out)


def _row(e: Endpoint, *, perhaps: bool) -> str:
    labels = " ".join(f"{key}={value}" for key, value in sorted(e.labels.items()) if not isinstance(value, Unknown))
    address = ", ".join(str(a) for a in e.addresses) if e.address_known else "address not known"
    condition = "; counts under a condition" if perhaps else ""
    return f"- `{printable(str(e))}` {kind_of(e)}, {address}{condition}" + (
        f", `{printable(labels)}`" if labels else ""
    )


def of_policy(names: Names, policy: PolicyId) -> str:
    """Whom a policy selects."""
    parts = list(_parts(names, policy))
    if not parts:
        return f"**{printable(str(policy))}** says nothing in either direction."
    selected: dict[Endpoint, list[str]] = {}
    for direction, part in parts:
        for end in _selected(names, part.subject, direction):
            selected.setdefault(end, []).append(str(direction))
    directions = " and ".join(dict.fromkeys(str(direction) for direction, _ in parts))
    return _listed(f"{policy}", selected, f"It selects these for {directions}.")


def _parts(names: Names, policy: PolicyId) -> Iterable[tuple[Direction, Policy]]:
    for direction in Direction:
        for tier in names.world.policies.half(direction).tiers:
            yield from ((direction, part) for part in tier.policies if part.id == policy)


def _selected(names: Names, subject: Pred, direction: Direction) -> list[Endpoint]:
    ends = [e for e in names.world.inventory.endpoints if e.is_pod or names.world.policies.judges_hosts]
    return [e for e in ends if names.oracle.holds(subject, _flow(e, e), direction=direction)]


def _flow(src: Endpoint, dst: Endpoint) -> Flow:
    return Flow(src, dst, "TCP", 1)


def of_manifest(names: Names, name: str, text: str, line: int, character: int) -> str:
    """What the policy, or the rule of it, at a place of a manifest is about; "" where nothing is asked."""
    word, policy = word_at(text, line, character), policy_at(names, name, text, line)
    if word is None or policy is None:
        return ""
    key = word.text.lower()
    if word.text.strip('"') in (policy.name, policy.kind) or key == "spec":
        return of_policy(names, policy)
    if not (key in _SELECTORS or key in ("from", "to", "source", "destination", "ipblock")):
        return ""
    found = _rule_at(names, policy, line + 1)
    if found is None:
        return of_policy(names, policy)
    direction, rule, subject = found
    return _of_rule(names, policy, direction, rule, subject)


def policy_at(names: Names, name: str, text: str, line: int) -> PolicyId | None:
    """The policy in whose document a line (from 0) stands, if it is one that was read."""
    lines = lines_of(text)
    first = next((n for n in range(min(line, len(lines) - 1), -1, -1) if lines[n].startswith("---")), 0)
    last = next((n for n in range(line + 1, len(lines)) if lines[n].startswith("---")), len(lines))
    inside = [
        policy
        for policy, span in names.world.defined.items()
        if plain(span.file) == plain(name) and first <= span.line - 1 < last
    ]
    return inside[0] if len(inside) == 1 else None


def _rule_at(names: Names, policy: PolicyId, line: int) -> tuple[Direction, Rule, Policy] | None:
    """The rule in which a line (from 1) stands: the last that begins at it or before."""
    rules = [
        (direction, rule, part)
        for direction, part in _parts(names, policy)
        for rule in part.rules
        if rule.span is not None and rule.span.line <= line
    ]
    return max(rules, key=lambda each: each[1].span.line if each[1].span else 0, default=None)


def _of_rule(names: Names, policy: PolicyId, direction: Direction, rule: Rule, part: Policy) -> str:
    subjects: Sequence[Endpoint] = _selected(names, part.subject, direction)
    heading = f"{policy} {rule.label}"
    if not subjects:
        return _listed(heading, (), "The policy selects nobody, so this rule is about nobody.")
    subject = subjects[0]
    peers = [
        e
        for e in names.world.inventory.endpoints
        if names.oracle.holds(
            rule.peer,
            _flow(e, subject) if direction is Direction.INGRESS else _flow(subject, e),
            direction=direction,
        )
    ]
    blocks = [str(atom.prefix) for atom in atoms_of(rule.peer) if isinstance(atom, AddressIn)]
    side = "From" if direction is Direction.INGRESS else "To"
    more = f"{side} these: {rule.action}."
    if rule.peer is TRUE:
        more = f"{side} everybody, outside too: {rule.action}."
    elif blocks:
        more += f" Addresses are told by {', '.join(dict.fromkeys(blocks))}."
    return _listed(heading, peers, more)
