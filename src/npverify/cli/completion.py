"""What the shell offers for the values of options: typer asks a function with the word that is being written.

The tables are imported when somebody asks, so that no command waits for them.
"""

from __future__ import annotations

from collections.abc import Callable

Offered = list[tuple[str, str]]
"""Words, each with a note that shells show that can."""


def words(*known: str) -> Callable[[str], list[str]]:
    """Offers the words that begin as the user has begun."""

    def offer(incomplete: str) -> list[str]:
        return [word for word in known if word.startswith(incomplete)]

    return offer


def plugins(incomplete: str) -> Offered:
    """Network plugins; behind `NAME@` the versions of that one."""
    from npverify.dialects.plugins import PLUGINS

    name, at, _ = incomplete.partition("@")
    if not at:
        return [(plugin.name, plugin.title) for plugin in PLUGINS.values() if plugin.name.startswith(incomplete)]
    versions = PLUGINS[name].versions if name in PLUGINS else ()
    return [(word, "") for word in (f"{name}@{version}" for version in versions) if word.startswith(incomplete)]


def switches(incomplete: str) -> Offered:
    """Settings that `--assume` takes, as `NAME=`; behind that the values of this one."""
    from npverify.dialects.profiles import assumable

    known = assumable()
    name, sign, _ = incomplete.partition("=")
    if not sign:
        return [(f"{each}=", ", ".join(values)) for each, values in known.items() if each.startswith(incomplete)]
    pairs = [f"{name}={value}" for value in known.get(name, ())]
    return [(pair, "") for pair in pairs if pair.startswith(incomplete)]


def rules(incomplete: str) -> Offered:
    """Rules of lint by code, and by name once a name is begun."""
    from npverify.analyses.lint.registry import RULES

    abouts = [rule.about for rule in RULES.values()]
    codes = [(about.code, about.name) for about in abouts if about.code.startswith(incomplete.upper())]
    names = [(about.name, about.code) for about in abouts if incomplete and about.name.startswith(incomplete)]
    return codes + names


def codes(incomplete: str) -> Offered:
    """Rules as `rules` has them, and the codes of messages."""
    from npverify.report.messages import messages

    told = [(code, message.meaning) for code, message in messages().items() if code.startswith(incomplete.upper())]
    return rules(incomplete) + told


def versions(plugin: str) -> Callable[[str], list[str]]:
    """Offers the versions of one plugin, the newest first."""

    def offer(incomplete: str) -> list[str]:
        from npverify.dialects.plugins import PLUGINS

        return [version for version in reversed(PLUGINS[plugin].versions) if version.startswith(incomplete)]

    return offer
