"""What a run tells on standard error before its answer: warnings, and with --verbose what was read."""

from __future__ import annotations

from npverify.analyses.config import Config
from npverify.analyses.world import World
from npverify.cli.output import say, say_all
from npverify.report.paint import count, printable


def say_notes(world: World, config: Config, *, verbose: bool, no_color: bool, warnings: bool = True) -> None:
    """Write the warnings, and with `verbose` the config file, what was skipped and what is noteworthy."""
    if warnings:
        say_all(world.warnings, no_color=no_color)
    if not verbose:
        return
    if config.file:
        say(f"note: settings from {printable(config.file)}\n")
    if world.skipped:
        kinds = ", ".join(f"{number} {kind}" for kind, number in world.skipped.items())
        say(
            f"note: skipped {count(sum(world.skipped.values()), 'object')} without effect on policies: {printable(kinds)}\n"
        )
    for note in world.inventory.notes:
        say(f"note: {printable(note)}\n")
