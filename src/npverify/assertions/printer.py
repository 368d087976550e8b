"""A syntax tree back to canonical text: `parse(print(t)) == t`."""

from __future__ import annotations

import re

from npverify.assertions import syntax as s
from npverify.assertions.vocabulary import KEY_WORDS, WAYS

_PLAIN_PATH = re.compile(r"/[^\s,]*")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)?")


def statement(node: s.Statement) -> str:
    """One statement on one line."""
    match node:
        case s.Use():
            return f"use {node.pack}"
        case s.Let():
            return f"let {node.name} = {ends(node.ends)}"
        case s.AssumeAddresses():
            return f"assume pod addresses in {', '.join(map(str, node.prefixes))}"
        case s.AssumeLabel():
            return f"assume every pod has label {_key(node.key)}"
        case s.Assert():
            severity = "severity warning " if node.severity == "warning" else ""
            tags = f"tag {', '.join(node.tags)} " if node.tags else ""
            title = f'"{node.title}": ' if node.title else ""
            return f"assert {severity}{tags}{title}{claim(node.claim)}"


def claim(node: s.Claim) -> str:
    """What stands behind `assert` and the title."""
    match node:
        case s.Reaches():
            src, dst = ends(node.src), f"{ends(node.dst)}{_on(node.traffic)}"
            path = " through any path" if node.any_path else _through(node.ways)
            match node.verb:
                case "reaches only":
                    return f"{src} reaches only {dst}"
                case "every some":
                    return f"every {src} reaches some {dst}{path}"
                case verb:
                    return f"{verb} {src} reaches {dst}{path}"
        case s.IsolatedFrom():
            return f"{ends(node.left)} isolated from {ends(node.right)}"
        case s.IsolatedFor():
            return f"every {ends(node.ends)} is isolated for {' and '.join(node.directions)}"
        case s.PolicyIs():
            kind = f"{node.kind} " if node.kind else ""
            return f"policy {kind}{node.name} is {'' if node.want else 'not '}{node.property}"
        case s.NoPolicyIs():
            return f"no policy is {node.property}{_scope(node.namespaces) if node.namespaces else ''}"
        case s.OnChange():
            where = f"reaches {ends(node.dst)}" if node.src is None else f"from {ends(node.src)} to {ends(node.dst)}"
            return f"on change: no {node.which} flow {where}{_on(node.traffic)}"


def ends(node: s.Ends) -> str:
    """An expression for endpoints."""
    match node:
        case s.OrEnds():
            return " or ".join(_operand(p, tight=not isinstance(p, s.AndEnds)) for p in node.parts)
        case s.AndEnds():
            return " and ".join(map(_operand, node.parts))
        case s.ExceptEnds():
            return f"{_operand(node.base)} except {_operand(node.minus)}"
        case s.NotEnds():
            return f"not {_operand(node.body)}"
        case s.WithPort():
            return f"{_ported(node.body)}:{node.port}"
        case s.Word():
            return node.text
        case s.Named():
            return f"{node.kind} {node.name}{_clusters(node.clusters)}"
        case s.Block():
            return str(node.prefix)
        case s.Everyone():
            return f"{node.which}{_clusters(node.clusters)}"
        case s.Pods():
            where = f" where {condition(node.where)}" if node.where else ""
            scope = _scope(node.scope) if node.scope else ""
            return f"{node.flavour} pods".lstrip() + where + scope + _clusters(node.clusters)


def _operand(node: s.Ends, *, tight: bool = True) -> str:
    """Parentheses around whatever binds less than `and`, and around a `where`, which would take what follows."""
    loose = isinstance(node, s.OrEnds | s.AndEnds | s.ExceptEnds | s.Pods)
    if isinstance(node, s.AndEnds) and not tight:
        loose = False
    return f"({ends(node)})" if loose else ends(node)


def _ported(node: s.Ends) -> str:
    if isinstance(node, s.Block) and node.prefix.family == 6:
        return f"[{ends(node)}]"
    return ends(node) if isinstance(node, s.Word | s.Named | s.Block) else f"({ends(node)})"


def _scope(node: s.Scope) -> str:
    match node:
        case s.Namespaces(names, _):
            return f" in {'namespace' if len(names) == 1 else 'namespaces'} {', '.join(names)}"
        case s.NamespacesWhere(where):
            return f" in namespace where {condition(where)}"
        case s.OtherNamespaces():
            return " in other namespaces"


def _clusters(node: s.Clusters | None) -> str:
    if node is None:
        return ""
    return f" in {'cluster' if len(node.names) == 1 else 'clusters'} {', '.join(node.names)}"


def condition(node: s.Condition) -> str:
    """A condition on labels."""
    match node:
        case s.AnyOf(parts):
            return " or ".join(f"({condition(p)})" if isinstance(p, s.AnyOf) else condition(p) for p in parts)
        case s.AllOf(parts):
            return " and ".join(map(_factor, parts))
        case s.NotCondition(body):
            return f"not {_factor(body)}"
        case s.LabelTest(key, op, values):
            if op in ("has", "has no"):
                return f"{op} {_key(key)}"
            if len(values) == 1:
                return f'{_key(key)} {"==" if op == "in" else "!="} "{values[0]}"'
            listed = ", ".join(f'"{v}"' for v in values)
            return f"{_key(key)} {op} ({listed})"


def _factor(node: s.Condition) -> str:
    return f"({condition(node)})" if isinstance(node, s.AllOf | s.AnyOf) else condition(node)


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and key not in KEY_WORDS else f'"{key}"'


def _on(items: tuple[s.Traffic, ...]) -> str:
    return f" on {', '.join(map(traffic, items))}" if items else ""


def _through(ways: tuple[s.Through, ...]) -> str:
    return f" through {', '.join(name for w in ways for name, way in WAYS.items() if way == w.way)}" if ways else ""


def traffic(node: s.Traffic) -> str:
    """One item behind `on`."""
    match node:
        case s.Ports(protocol, None):
            return protocol.lower()
        case s.Ports(protocol, (first, last)):
            return f"{protocol.lower()}/{first}" + (f"-{last}" if last != first else "")
        case s.NamedPort(name, protocol):
            return f"port {name}" + (f"/{protocol.lower()}" if protocol else "")
        case s.Http(method, path, ports):
            at = "" if ports is None else f"/{ports[0]}" + (f"-{ports[1]}" if ports[1] != ports[0] else "")
            shown = path if _PLAIN_PATH.fullmatch(path) else f'"{path}"'
            return " ".join(part for part in (f"http{at}", method, path and shown) if part)
        case s.Kafka(key, topic, ports):
            at = "" if ports is None else f"/{ports[0]}" + (f"-{ports[1]}" if ports[1] != ports[0] else "")
            return " ".join(part for part in (f"kafka{at}", key, topic and f'"{topic}"') if part)
        case s.Dns(name, (first, last)):
            at = "" if (first, last) == (53, 53) else f"/{first}" + (f"-{last}" if last != first else "")
            shown = f'"{name}"' if "*" in name else name
            return f"dns{at} {shown}".rstrip()
    raise TypeError(node)
