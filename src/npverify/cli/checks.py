"""What values of options are checked for; each check reports into the problems of the run, so that the user sees all at once."""

from __future__ import annotations

from npverify.analyses.config import BUDGETS
from npverify.analyses.world import World
from npverify.ingest.fields import nearest
from npverify.ingest.source import Problems
from npverify.report.paint import count

FORMATS = ("text", "json")


def check_format(value: str, problems: Problems, known: tuple[str, ...] = FORMATS) -> None:
    """Report an output format that the command does not write."""
    check_choice("--format", value, known, problems)


def check_choice(option: str, value: str, known: tuple[str, ...], problems: Problems) -> None:
    """Report a value of an option that is none of those that there are."""
    if value not in known:
        fix = nearest(value, known) or f"choose one of {', '.join(known)}"
        problems.error("NPV145", f"`{option}` cannot be `{value}` here", fix=fix)


def check_limits(timeout: float | None, budget: str | None, problems: Problems) -> None:
    """Report a time that is not above 0, and a budget that there is not."""
    if timeout is not None and timeout <= 0:
        problems.error("NPV145", f"`--timeout` must be above 0, not `{timeout:g}`")
    if budget is not None:
        check_choice("--budget", budget, BUDGETS, problems)


def refuse_no_pods(world: World, problems: Problems) -> None:
    """Report input without pods: about nobody, everything would hold."""
    if not world.inventory.pods:
        problems.extend(world.warnings)
        problems.error(
            "NPV144",
            f"{count(len(world.defined), 'policy', 'policies')} but no pod or workload was found, so every statement would hold",
            fix="add the manifests of the workloads or the output of `kubectl get pods -A -o json`, or accept this with --allow-empty",
        )
