"""Holds what was answered against what is known by construction. An answer that is wrong makes its time worthless."""

from __future__ import annotations

from typing import Any

Answer = dict[str, Any]


def mistakes(question: str, answer: Answer, manifest: Answer) -> list[str]:
    """Sentences about everything that is wrong with an answer; [] if it agrees with the manifest."""
    check = _CHECKS.get(question)
    return check(answer, manifest) if check else []


def _load(answer: Answer, manifest: Answer) -> list[str]:
    kinds = manifest["kinds"]
    planned = sum(count for kind, count in kinds.items() if kind.endswith("NetworkPolicy"))
    found = []
    if answer["policies"] != planned:
        found.append(f"{answer['policies']} policies were read, {planned} written")
    if answer["warnings"]:
        found.append(f"{answer['warnings']} warnings about input in which nothing is wrong")
    return found


def _assertions(answer: Answer, manifest: Answer) -> list[str]:
    planted = {fact["assertion"]: fact["status"] for fact in manifest["assertions"]}
    verdicts = dict(answer["verdicts"])
    found = [f"{text}: not answered" for text in planted if text not in verdicts]
    return found + [
        f"{text}: {status}, planted {planted.get(text)}"
        for text, status in verdicts.items()
        if status != planted.get(text)
    ]


def _connectivity(answer: Answer, manifest: Answer) -> list[str]:
    got = [(row, allowed) for row, allowed in answer["asked"]]
    found = [] if len(got) == len(manifest["connections"]) else ["planted connections were not looked for"]
    for row, allowed in got:
        if allowed != row["allowed"]:
            words = f"{row['src']} to {row['dst']} on {row['protocol']} {row['port']}"
            found.append(f"{words}: {'allowed' if allowed else 'denied'}, planted the other")
    return found


def _equiv(answer: Answer, manifest: Answer) -> list[str]:
    if answer["status"] == "equivalent":
        return []
    return [f"{answer['status']}, equivalent by construction: {answer['witness']}"]


def _equiv_wrong(answer: Answer, manifest: Answer) -> list[str]:
    if answer["status"] != "different":
        return [f"{answer['status']}, different by construction"]
    flow, witness = manifest["change"]["flow"], answer["witness"]
    same = witness["dst"].startswith(flow["dst"]) and flow["port"] in (None, witness["port"])
    return [] if same else [f"the witness {witness} is not the planted one, {flow}"]


def _policies(answer: Answer, manifest: Answer) -> list[str]:
    planted = manifest["policies"]
    have, lack = planted.get(answer["property"], []), planted.get("needed", [])
    if not have:
        return []
    named = set(answer["policies"])
    found = [] if answer["status"] == "refuted" else [f"{answer['status']}, planted refuted"]
    found += [
        f"{policy} is {answer['property']} by construction and was not named" for policy in have if policy not in named
    ]
    return found + [f"{policy} is needed by construction and was named" for policy in lack if policy in named]


def _lint(answer: Answer, manifest: Answer) -> list[str]:
    """What lint says less of is a gap and no mistake; that a needed policy is superfluous would be one."""
    needed = set(manifest["policies"].get("needed", []))
    words = ("redundant", "shadow", "vacuous")
    return [
        f"{policy} is needed by construction, and {rule} is said of it"
        for rule, policy in answer["findings"]
        if policy in needed and any(word in rule and "rule" not in rule and "except" not in rule for word in words)
    ]


def _session(answer: Answer, manifest: Answer) -> list[str]:
    return list(answer["mistakes"])


_CHECKS = {
    "load": _load,
    "assertions": _assertions,
    "connectivity": _connectivity,
    "connectivity-again": _connectivity,
    "equiv": _equiv,
    "equiv-wrong": _equiv_wrong,
    "redundant": _policies,
    "shadowed": _policies,
    "lint": _lint,
    "session": _session,
}


def first(out: Answer, manifest: Answer) -> list[str]:
    """`npverify prove --format json` with the first assertion alone."""
    got = [row["status"] for row in out["assertions"]]
    planted = manifest["assertions"][0]["status"]
    return [] if got == [planted] else [f"{got}, planted {planted}"]
