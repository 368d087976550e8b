"""From lark's parse tree of one statement to the syntax tree, with the checks that need no inventory.

A value that cannot be right (a port above 65535, a block with host bits) is noted in `problems`; the statement then is
still built, with a harmless value in its place, so that everything wrong with it is found at once.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from lark import Token, Tree

from npverify.assertions import syntax as s
from npverify.assertions.build_traffic import Node, TrafficParts
from npverify.assertions.vocabulary import RESERVED, WAYS, instead_of
from npverify.ingest.source import Severity, Span
from npverify.inventory.addresses import BITS, Address, Prefix
from npverify.normal.flow import WayIn
from npverify.normal.policy import Direction


class Builder(TrafficParts):
    """Builds one statement."""

    def statement(self, tree: Node) -> s.Statement:
        """The statement that a whole parse tree stands for."""
        return self._build(tree)  # type: ignore[no-any-return]  # the grammar's start symbol gives statements only

    # statements

    def _use(self, tree: Node) -> s.Use:
        token = tree.children[0]
        return s.Use(str(token), self.span(token))

    def _let(self, tree: Node) -> s.Let:
        token = tree.children[0]
        assert isinstance(token, Token)
        if token in RESERVED:
            self._error(
                "NPV107", f"`{token}` is a word of the language and cannot be a name", token, f"write `my-{token}`"
            )
        elif "/" in token:
            self._error("NPV107", f"`{token}` cannot be a name", token, "write a name without `/`")
        return s.Let(str(token), self._part(tree, 1), self.span(token))

    def _assume_addresses(self, tree: Node) -> s.AssumeAddresses:
        blocks: tuple[Prefix, ...] = self._parts(tree)
        for block in blocks:
            if block.length == BITS[block.family]:
                fix = "write the whole range, such as `10.244.0.0/16`"
                self._error(
                    "NPV109", f"`{Address(block.family, block.value)}` is one address, pods need a range", tree, fix
                )
        return s.AssumeAddresses(blocks, self.span(tree))

    def _assume_label(self, tree: Node) -> s.AssumeLabel:
        return s.AssumeLabel(self._part(tree, 0), self.span(tree))

    def _assertion(self, tree: Node) -> s.Assert:
        *options, title, claim = tree.children
        severity: Severity = "error"
        tags: tuple[str, ...] = ()
        seen: set[str] = set()
        for option in options:
            assert isinstance(option, Tree)
            if option.data in seen:
                word = "severity" if option.data == "severity" else "tag"
                self._error("NPV112", f"`{word}` is given twice", option, f"keep one `{word}`")
            seen.add(str(option.data))
            if option.data == "severity":
                level = option.children[0]
                severity = "warning" if isinstance(level, Tree) and level.data == "level_warning" else "error"
            else:
                tags = tuple(str(t) for t in option.children)
        assert isinstance(claim, Tree)
        text = str(title.children[0])[1:-1] if isinstance(title, Tree) else ""
        return s.Assert(self._build(claim), text, severity, tags, self._claim_text(claim), self.span(tree))

    def _claim_text(self, claim: Node) -> str:
        """The claim as written, without comments and line breaks."""
        first = (claim.meta.line or 1) + self._offset
        last = (claim.meta.end_line or 1) + self._offset
        lines = self._lines[first - 1 : last]
        lines[-1] = lines[-1][: (claim.meta.end_column or 1) - 1]
        lines[0] = lines[0][(claim.meta.column or 1) - 1 :]
        return " ".join(" ".join(_without_comment(line) for line in lines).split())

    # claims

    def _reaches(self, verb: s.ReachVerb, tree: Node, *, any_path: bool = False) -> s.Reaches:
        src, dst, on, *ways = self._parts(tree)
        return s.Reaches(verb, src, dst, on or (), any_path, (ways[0] if ways else None) or ())

    def _no_reaches(self, tree: Node) -> s.Reaches:
        return self._reaches("no", tree)

    def _no_reaches_any_path(self, tree: Node) -> s.Reaches:
        return self._reaches("no", tree, any_path=True)

    def _every_reaches(self, tree: Node) -> s.Reaches:
        return self._reaches("every", tree)

    def _every_reaches_some(self, tree: Node) -> s.Reaches:
        return self._reaches("every some", tree)

    def _some_reaches(self, tree: Node) -> s.Reaches:
        return self._reaches("some", tree)

    def _only_reaches(self, tree: Node) -> s.Reaches:
        return self._reaches("only", tree)

    def _reaches_only(self, tree: Node) -> s.Reaches:
        return self._reaches("reaches only", tree)

    def _isolated_from(self, tree: Node) -> s.IsolatedFrom:
        return s.IsolatedFrom(*self._parts(tree))

    def _isolated_for(self, tree: Node) -> s.IsolatedFor:
        ends, *directions = (part for part in self._parts(tree) if part is not None)
        return s.IsolatedFor(ends, tuple(dict.fromkeys(directions)))

    def _policy(self, tree: Node, want: bool) -> s.PolicyIs:
        *kind, name, prop = self._parts(tree)
        return s.PolicyIs(str(name), prop, want, str(kind[0]) if kind else "", self.span(name))

    def _policy_is(self, tree: Node) -> s.PolicyIs:
        return self._policy(tree, True)

    def _policy_is_not(self, tree: Node) -> s.PolicyIs:
        return self._policy(tree, False)

    def _no_policy_is(self, tree: Node) -> s.NoPolicyIs:
        prop, names = self._parts(tree)
        return s.NoPolicyIs(prop, names, self.span(tree))

    def _no_new_flow(self, tree: Node) -> s.OnChange:
        (src, dst), on = self._parts(tree)
        return s.OnChange("new", src, dst, on or ())

    def _no_lost_flow(self, tree: Node) -> s.OnChange:
        (src, dst), on = self._parts(tree)
        return s.OnChange("lost", src, dst, on or ())

    def _into(self, tree: Node) -> tuple[s.Ends | None, s.Ends]:
        return None, self._part(tree, 0)

    def _between(self, tree: Node) -> tuple[s.Ends | None, s.Ends]:
        return self._part(tree, 0), self._part(tree, 1)

    def _ingress(self, _: Node) -> Direction:
        return Direction.INGRESS

    def _egress(self, _: Node) -> Direction:
        return Direction.EGRESS

    def _shadowed(self, tree: Node) -> str:
        return str(tree.data)

    _redundant = _vacuous = _shadowed

    # ends

    def _or_ends(self, tree: Node) -> s.OrEnds:
        return s.OrEnds(self._parts(tree), self.span(tree))

    def _and_ends(self, tree: Node) -> s.AndEnds:
        return s.AndEnds(self._parts(tree), self.span(tree))

    def _except_ends(self, tree: Node) -> s.ExceptEnds:
        return s.ExceptEnds(self._part(tree, 0), self._part(tree, 1), self.span(tree))

    def _not_ends(self, tree: Node) -> s.NotEnds:
        return s.NotEnds(self._part(tree, 0), self.span(tree))

    def _with_port(self, tree: Node) -> s.WithPort:
        token = tree.children[1]
        assert isinstance(token, Token)
        first, _ = self._range(token[1:], "", token)
        return s.WithPort(self._part(tree, 0), first, self.span(tree))

    def _word(self, tree: Node) -> s.Word:
        return s.Word(str(tree.children[0]), self.span(tree))

    def _named(self, tree: Node) -> s.Named:
        kind, name, clusters = self._parts(tree)
        return s.Named(str(kind).removesuffix("s"), str(name), self.span(name), clusters)

    def _pod(self, tree: Node) -> s.Named:
        name, clusters = self._parts(tree)
        return s.Named("pod", str(name), self.span(name), clusters)

    def _node(self, tree: Node) -> s.Named:
        name, clusters = self._parts(tree)
        return s.Named("node", str(name), self.span(name), clusters)

    def _block(self, tree: Node) -> s.Block:
        part = tree.children[0]
        return s.Block(self._part(tree, 0) if isinstance(part, Tree) else self._address(part), self.span(tree))

    def _nodes(self, tree: Node) -> s.Everyone:
        return s.Everyone("nodes", self.span(tree), self._part(tree, 0))

    def _internet(self, tree: Node) -> s.Everyone:
        return s.Everyone(str(tree.data), self.span(tree))  # type: ignore[arg-type]  # rule names of the grammar

    _anything = _internet

    def _pods(self, tree: Node) -> s.Pods:
        where, scope, clusters = self._parts(tree)
        return s.Pods(where, scope, span=self.span(tree), clusters=clusters)

    def _pods_in(self, tree: Node) -> s.Pods:
        scope, where, clusters = self._parts(tree)
        return s.Pods(where, scope, span=self.span(tree), clusters=clusters)

    def _hostnetwork(self, tree: Node) -> s.Pods:
        return replace(self._part(tree, 0), flavour="hostnetwork", span=self.span(tree))  # type: ignore[no-any-return]  # `_pods`

    def _possible(self, tree: Node) -> s.Pods:
        return replace(self._part(tree, 0), flavour="possible", span=self.span(tree))  # type: ignore[no-any-return]  # `_pods`

    def _cluster(self, tree: Node) -> s.Clusters:
        names: s.Namespaces = self._part(tree, 0)
        return s.Clusters(names.names, names.spans)

    def _in_namespaces(self, tree: Node) -> s.Namespaces:
        return self._part(tree, 0)  # type: ignore[no-any-return]  # `_names`

    def _in_namespaces_where(self, tree: Node) -> s.NamespacesWhere:
        return s.NamespacesWhere(self._part(tree, 0))

    def _in_other_namespaces(self, _: Node) -> s.OtherNamespaces:
        return s.OtherNamespaces()

    def _names(self, tree: Node) -> s.Namespaces:
        first: dict[str, Span] = {}
        for token in tree.children:
            first.setdefault(str(token), self.span(token))
        return s.Namespaces(tuple(first), tuple(first.values()))

    def _prefix(self, tree: Node) -> Prefix:
        return self._address(tree.children[0])

    def _address(self, text: Any) -> Prefix:
        try:
            return Prefix.parse(text)
        except ValueError:
            pass
        try:
            fix = f"did you mean `{Prefix.parse(text, strict=False)}`?"
            self._error("NPV109", f"`{text}` has bits behind its prefix length", text, fix)
        except ValueError:
            fix = "write an address or a block such as `10.0.0.0/8` or `fd00::/8`"
            self._error("NPV109", f"`{text}` is no IP address or block", text, fix)
        return Prefix(4, 0, 0)

    # labels

    def _any_of(self, tree: Node) -> s.AnyOf:
        return s.AnyOf(self._parts(tree))

    def _all_of(self, tree: Node) -> s.AllOf:
        return s.AllOf(self._parts(tree))

    def _negation(self, tree: Node) -> s.NotCondition:
        return s.NotCondition(self._part(tree, 0))

    def _is_in(self, tree: Node) -> s.LabelTest:
        key, *values = self._parts(tree)
        return s.LabelTest(key, "in", tuple(dict.fromkeys(str(v)[1:-1] for v in values)), self.span(tree))

    def _is_not_in(self, tree: Node) -> s.LabelTest:
        key, *values = self._parts(tree)
        return s.LabelTest(key, "not in", tuple(dict.fromkeys(str(v)[1:-1] for v in values)), self.span(tree))

    def _has(self, tree: Node) -> s.LabelTest:
        return s.LabelTest(self._part(tree, 0), "has", (), self.span(tree))

    def _has_no(self, tree: Node) -> s.LabelTest:
        return s.LabelTest(self._part(tree, 0), "has no", (), self.span(tree))

    def _key(self, tree: Node) -> str:
        token = tree.children[0]
        assert isinstance(token, Token)
        return str(token)[1:-1] if token.type == "STRING" else str(token)

    def _ways(self, tree: Node) -> tuple[s.Through, ...]:
        found: dict[WayIn, s.Through] = {}
        for token in tree.children:
            way = WAYS.get(token.lower()) if isinstance(token, Token) else None
            if way is None:
                self._error("NPV610", f"`{token}` is no way in from outside", token, instead_of(str(token)))
            else:
                found.setdefault(way, s.Through(way, self.span(token)))
        return tuple(found.values())


def _without_comment(line: str) -> str:
    """The line up to a `#` outside quotes."""
    return re.match(r'(?:[^"#]|"[^"]*")*', line)[0]  # type: ignore[index]  # the pattern matches the empty text
