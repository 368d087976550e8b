"""Reads address blocks as Go's net.ParseCIDR does, with the checks of projectcalico/calico libcalico-go/lib/validator/v3."""

from __future__ import annotations

from npverify.dialects import cidrs
from npverify.dialects.calico.way import Way
from npverify.ingest.fields import Fields
from npverify.inventory.addresses import BITS, EVERYTHING, Family, Prefix

_EXAMPLE = "write an address block such as `10.0.0.0/8` or `fd00::/8`"


def rule_nets(fields: Fields, key: str, way: Way) -> tuple[Prefix, ...]:
    """The blocks of `nets` or `notNets` of a rule; raw input may have them unmasked, and leaves out what is none."""
    found = []
    for index, text in _listed(fields, key, way):
        try:
            prefix, trouble = _parsed(text)
        except ValueError as wrong:
            _unreadable(fields, key, index, text, str(wrong), way)
            continue
        if trouble:
            message, fix = f"address block `{text}` {trouble}", f"write `{prefix}`"
            if way.raw:
                fields.warn("NPV233", f"{message}; it is read as `{prefix}`", key, index, fix=fix)
            else:
                fields.error("NPV230", message, key, index, fix=fix)
        found.append(prefix)
    if way.raw and fields.items(key) and not found:
        message = f"no block is left in `{key}`, so it restricts nothing"
        fields.warn("NPV233", message, key, fix=_EXAMPLE)
    return tuple(found)


def set_nets(fields: Fields, key: str, way: Way) -> tuple[Prefix, ...]:
    """The blocks and addresses of a network set."""
    found = []
    for index, text in _listed(fields, key, way):
        try:
            found.append(_parsed(text)[0])
        except ValueError as wrong:
            _unreadable(fields, key, index, text, str(wrong), way)
    return tuple(found)


def one_net(fields: Fields, key: str) -> Prefix | None:
    """A block or an address in a field of its own; None where it is absent, empty or wrong (which is reported)."""
    text = fields.text(key)
    if not text:
        return None
    try:
        return _parsed(text)[0]
    except ValueError as wrong:
        fields.error("NPV230", f"address block `{text}` {wrong}", key, fix=_EXAMPLE)
        return None


def check_families(
    rule: Fields, ip_version: Family | None, lists: dict[tuple[str, str], tuple[Prefix, ...]], way: Way
) -> None:
    """Report blocks of both families in one rule, or not of its `ipVersion`; raw input may have them.

    `lists` has the blocks of the four lists by side and field. Each list that has no block of a packet's family keeps
    the rule from matching it: felix/rules/policy.go FilterRuleToIPVersion.
    """
    seen: set[Family] = set()
    for path, nets in lists.items():
        families = {net.family for net in nets}
        if families and ip_version and families != {ip_version}:
            message = f"the rule is for IPv{ip_version} and `{path[1]}` is not"
            _tell(rule, "NPV231", message, path, "correct `ipVersion` or the blocks", way)
        if families and len(seen | families) > 1:
            message = f"IPv4 and IPv6 blocks stand in one rule, with `{path[1]}`"
            _tell(rule, "NPV231", message, path, "make a rule for each family", way)
        seen |= families
        for net in nets if path[1] == "notNets" else ():
            if net == EVERYTHING[net.family]:
                message = f"`notNets` excludes every IPv{net.family} address with `{net}`: the rule never matches"
                # the validator refuses it since 3.31: felix/rules/policy_test.go "Negated catch-all"
                lenient = way if way.version >= (3, 31) else way._replace(mode="raw")
                _tell(rule, "NPV232", message, path, "remove the rule, or the block", lenient)


def _tell(rule: Fields, code: str, message: str, path: tuple[str, str], fix: str, way: Way) -> None:
    if way.raw:
        rule.warn(code, message, *path, fix=fix)
    else:
        rule.error(code, message, *path, fix=fix)


def _listed(fields: Fields, key: str, way: Way) -> list[tuple[int, str]]:
    fields.texts(key)
    texts = [(index, text) for index, text in enumerate(fields.items(key)) if isinstance(text, str)]
    check_set(fields, key, way)
    return texts


def check_set(fields: Fields, key: str, way: Way) -> None:
    """Report a text that stands twice in a list that is a set for the API server, since 3.32."""
    seen: set[str] = set()
    for index, text in enumerate(fields.items(key)):
        if not isinstance(text, str):
            continue
        if text in seen:
            message = f"`{text}` stands twice in `{key}`"
            if way.version >= (3, 32) and key != "notNets":  # which newer versions refuse too
                fields.error("NPV237", message, key, index, fix="remove one of them")
            else:
                fields.warn("NPV237", f"{message}, which newer versions refuse", key, index, fix="remove one of them")
        seen.add(text)


def _parsed(text: str) -> tuple[Prefix, str]:
    """The block, and what the validator has against its form; ValueError says why it is none."""
    head, slash, length = text.partition("/")
    trouble = ""
    if not slash:
        text = f"{head}/{BITS[6] if ':' in head else BITS[4]}"
        trouble = "has no prefix length"
    elif length != "0" and length.startswith("0"):
        text = f"{head}/{length.lstrip('0') or '0'}"
    block = cidrs.parse(text)
    if block.ambiguous == "has bits behind its prefix length":
        trouble = block.ambiguous
    elif block.ambiguous:
        raise ValueError(block.ambiguous)
    return block.prefix, trouble


def _unreadable(fields: Fields, key: str, index: int, text: str, wrong: str, way: Way) -> None:
    message = f"address block `{text}` {wrong}"
    # Go takes IPv4 inside IPv6 for a block, and what becomes of it is not known
    if way.raw and "IPv6" not in wrong.replace("IPv4 or IPv6", ""):
        fields.warn("NPV233", f"{message}; Calico leaves it out", key, index, fix=_EXAMPLE)
    else:
        fields.error("NPV230", message, key, index, fix=_EXAMPLE)
