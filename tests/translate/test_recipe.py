"""What native policies become, as the converter inside Calico reads them, one row for each fact."""

from __future__ import annotations

from random import Random

import pytest
import yaml
from recipe_rows import ROWS, Row
from translated import VERSIONS, native, read_policy, spec_of, translated

from generate import policies
from npverify.dialects.calico.translate import MOST_RULES
from npverify.dialects.calico.translate_rules import MOST_NETS, MOST_PORTS
from npverify.dialects.calico.translate_selectors import LONGEST
from npverify.normal.policy import Direction


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fact)
def test_a_native_policy_becomes(row: Row) -> None:
    """Each fact of the recipe."""
    found = spec_of(row.native)
    expected = yaml.safe_load(row.calico)
    assert {key: found.get(key) for key in expected} == expected


@pytest.mark.parametrize("seed", range(60))
def test_nothing_but_allow_at_order_1000_is_ever_written(seed: int) -> None:
    """Every policy says its types, tier and order, keeps its namespace, and has only rules that allow, none empty."""
    written, _ = translated(*map(read_policy, policies(Random(seed))))
    for policy in written:
        spec = policy.value["spec"]
        assert (spec["order"], spec["tier"], spec["types"] != []) == (1000, "default", True)
        assert type(spec["order"]) is int
        assert policy.value["metadata"]["namespace"] == policy.source.namespace
        for direction, word in (("ingress", "Ingress"), ("egress", "Egress")):
            rules = spec.get(direction)
            assert rules is None or (rules and word in spec["types"])
            assert all(rule["action"] == "Allow" for rule in rules or ())


@pytest.mark.parametrize("seed", range(30))
def test_the_order_of_the_files_changes_nothing(seed: int) -> None:
    """Shuffled policies become the same."""
    found = [read_policy(value) for value in policies(Random(seed))]
    unique = list({p.id: p for p in found}.values())
    assert translated(*unique)[0] == translated(*reversed(unique))[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tier_is_a_field_of_its_own_from_3_29(version: tuple[int, int]) -> None:
    """Up to 3.28 there was no such field, and a server that checks would refuse it."""
    assert ("tier" in spec_of("{podSelector: {}}", version=version)) == (version >= (3, 29))


def test_a_name_without_dots_is_kept() -> None:
    """It decides between policies of equal order, so it stays what it was."""
    for version in VERSIONS:
        ((policy,), warnings) = translated(native("{}", "allow-dns"), version=version)
        assert policy.key == ("shop", "allow-dns")
        assert warnings == ()


@pytest.mark.parametrize(
    ("name", "kept_from"),
    [("a.b", (3, 32)), ("a.b.c", None), ("knp.default.a", None), ("ossg.a", None), ("default.a", (3, 32))],
)
def test_a_name_that_calico_refuses_is_changed(name: str, kept_from: tuple[int, int] | None) -> None:
    """Dots become dashes, a hash keeps names apart, and a warning tells."""
    for version in VERSIONS:
        ((policy,), warnings) = translated(native("{}", name), version=version)
        if kept_from and version >= kept_from:
            assert policy.key == ("shop", name)
            assert warnings == ()
        else:
            assert policy.key[1].startswith(name.replace(".", "-") + "-")
            assert "." not in policy.key[1]
            assert [w.code for w in warnings] == ["NPV310"]


def test_new_names_are_the_same_in_every_run_and_differ() -> None:
    """`a.b.c` and `a-b.c` would be one name without the hash."""
    first, _ = translated(native("{}", "a.b.c.d"), native("{}", "a-b.c.d"))
    again, _ = translated(native("{}", "a-b.c.d"), native("{}", "a.b.c.d"))
    assert [p.key for p in first] == [p.key for p in again]
    assert len({p.key for p in first}) == 2


def test_a_long_name_stays_within_the_limit() -> None:
    """The hash takes the place of the end."""
    name = ".".join(["a" * 62] * 4)
    ((policy,), _) = translated(native("{}", name))
    assert len(policy.key[1]) <= 253


def test_an_existing_calico_policy_keeps_its_name() -> None:
    """The translated one gets another, never overwrites, and a warning tells."""
    ((policy,), warnings) = translated(native("{}", "x"), existing=[("shop", "x")])
    assert policy.key[1].startswith("x-")
    assert [w.code for w in warnings] == ["NPV311"]
    ((other,), none) = translated(native("{}", "x"), existing=[("elsewhere", "x")])
    assert (other.key, none) == (("shop", "x"), ())


def test_up_to_3_31_the_prefix_default_was_no_part_of_the_name() -> None:
    """`default.x` and `x` were one policy, from 3.32 they are two."""
    for version in VERSIONS:
        ((policy,), _) = translated(native("{}", "x"), existing=[("shop", "default.x")], version=version)
        assert (policy.key[1] == "x") == (version >= (3, 32))


def test_a_new_name_avoids_those_that_are_taken() -> None:
    """Also one that looks like a name that was made."""
    ((first,), _) = translated(native("{}", "a.b.c"))
    ((second,), _) = translated(native("{}", "a.b.c"), existing=[first.key])
    assert first.key != second.key
    keys = [p.key for p in translated(native("{}", "a.b.c"), native("{}", first.key[1]))[0]]
    assert len(set(keys)) == 2
    assert first.key in keys


def test_more_ports_than_a_rule_may_have_are_parted() -> None:
    """Every port is in one of the rules."""
    ports = ", ".join(f"{{port: {number}}}" for number in range(1, 4 * MOST_PORTS, 2))
    rules = spec_of(f"{{podSelector: {{}}, ingress: [{{ports: [{ports}]}}]}}")["ingress"]
    assert [len(rule["destination"]["ports"]) for rule in rules] == [MOST_PORTS, MOST_PORTS]
    assert [p for rule in rules for p in rule["destination"]["ports"]] == list(range(1, 4 * MOST_PORTS, 2))


def test_more_exceptions_than_a_rule_may_have_part_the_block() -> None:
    """The halves of the block with their own exceptions; what is excepted altogether is left out."""
    holes = [f"10.{number // 100}.{number % 100}.0/24" for number in range(3 * MOST_NETS)]
    spec = f"{{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {{cidr: 10.0.0.0/8, except: [{', '.join(holes)}, 10.128.0.0/9]}}}}]}}]}}"
    sources = [rule["source"] for rule in spec_of(spec)["ingress"]]
    assert all(len(source.get("notNets", ())) <= MOST_NETS for source in sources)
    assert sorted(hole for source in sources for hole in source.get("notNets", ())) == sorted(holes)
    assert "10.128.0.0/9" not in {net for source in sources for net in source["nets"]}


def test_a_block_of_which_nothing_is_left_gives_no_rule() -> None:
    """The readers refuse such an exception, and Calico one that is a whole family; it would match nothing."""
    policy = native("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}")
    ((rule,),) = policy.rules.values()
    everything = rule.peers[0].block
    assert everything is not None
    empty = rule._replace(peers=(rule.peers[0]._replace(excepts=(everything,)),))
    ((written,), warnings) = translated(policy._replace(rules={Direction.INGRESS: (empty,)}))
    assert "ingress" not in written.value["spec"]
    assert written.value["spec"]["types"] == ["Ingress"]
    assert [w.code for w in warnings] == ["NPV314"]


def test_a_long_selector_is_parted_by_its_values() -> None:
    """Each part is within the limit, and every value is in one of them."""
    values = [f"value-{number:03}" for number in range(200)]
    expression = f"{{matchExpressions: [{{key: a, operator: In, values: [{', '.join(values)}]}}]}}"
    rules = spec_of(f"{{podSelector: {{}}, ingress: [{{from: [{{podSelector: {expression}}}]}}]}}")["ingress"]
    texts = [rule["source"]["selector"] for rule in rules]
    assert all(len(text) <= LONGEST for text in texts)
    assert [sum(f"'{value}'" in text for text in texts) for value in values] == [1] * 200
    written, warnings = translated(native(f"{{podSelector: {expression}, ingress: [{{}}]}}"))
    assert [w.code for w in warnings] == ["NPV312"]
    assert written[0].key[1] == "p"
    assert len({policy.key for policy in written}) == len(written) > 1
    assert all(policy.value["spec"]["ingress"] == [{"action": "Allow"}] for policy in written)


def test_a_long_selector_that_cannot_be_parted_is_told() -> None:
    """`NotIn` of many values holds of the label-less too, so no union of shorter ones is the same."""
    values = ", ".join(f"value-{number:03}" for number in range(200))
    expression = f"{{matchExpressions: [{{key: a, operator: NotIn, values: [{values}]}}]}}"
    (_, warnings) = translated(native(f"{{podSelector: {expression}}}"))
    assert [w.code for w in warnings] == ["NPV313"]


def test_more_rules_than_a_policy_may_have_become_several_policies() -> None:
    """The first has the name and both directions, the others go on with the direction that is longer."""
    many = ", ".join(
        f"{{ports: [{{port: {number + 1}, protocol: {'TCP' if number % 2 else 'UDP'}}}]}}"
        for number in range(MOST_RULES + 10)
    )
    written, warnings = translated(native(f"{{podSelector: {{}}, ingress: [{many}], egress: [{{}}]}}"))
    first, second = (policy.value["spec"] for policy in written)
    assert (len(first["ingress"]), len(second["ingress"])) == (MOST_RULES, 10)
    assert (first["types"], second["types"]) == (["Ingress", "Egress"], ["Ingress"])
    assert first["selector"] == second["selector"]
    assert [w.code for w in warnings] == ["NPV312"]
