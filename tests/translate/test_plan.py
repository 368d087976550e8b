"""The plan of a migration: nothing old goes before everything new is there."""

from __future__ import annotations

import pytest

from npverify.analyses.translate.plan import plan, undo
from npverify.analyses.translate.results import Became, Step
from npverify.ingest.source import Span
from npverify.normal.policy import PolicyId


def became(name: str, namespace: str = "shop", file: str = "native.yaml") -> Became:
    """A native policy that keeps its name."""
    return Became(PolicyId("kubernetes", "NetworkPolicy", namespace, name), Span(file, 1, 1), (name,))


def commands(steps: tuple[Step, ...]) -> list[str]:
    """All commands in order."""
    return [command for step in steps for command in step.commands]


def test_everything_new_comes_before_anything_old_goes() -> None:
    """Ask, create, look and wait, delete, and keep the old ones from coming back."""
    found = plan([became("a", "blog"), became("a"), became("b")], ["calico.yaml"])
    assert commands(found) == [
        "kubectl apply --dry-run=server -f calico.yaml",
        "kubectl apply -f calico.yaml",
        "kubectl get -f calico.yaml -o name",
        "sleep 60",
        "kubectl -n blog delete networkpolicies.networking.k8s.io a",
        "kubectl -n shop delete networkpolicies.networking.k8s.io a b",
    ]
    assert found[-1].purpose == "take them out of native.yaml, so that nobody applies them again"


@pytest.mark.parametrize("number", [1, 9, 30])
def test_nothing_is_deleted_before_the_last_creation(number: int) -> None:
    """Whatever the number of policies, and each is deleted exactly once."""
    found = commands(plan([became(f"p{n}") for n in range(number)], ["a.yaml", "b.yaml"]))
    first = next(i for i, command in enumerate(found) if "delete" in command)
    last = max(i for i, command in enumerate(found) if command.startswith("kubectl apply"))
    assert last < first
    deleted = [word for command in found if "delete" in command for word in command.split()[5:]]
    assert sorted(deleted) == sorted(f"p{n}" for n in range(number))


def test_the_way_back_creates_first_too() -> None:
    """The native policies from their files, then without the new ones."""
    found = undo([became("a"), became("b", file="other.yaml")], ["calico.yaml"])
    assert commands((found,)) == ["kubectl apply -f native.yaml -f other.yaml", "kubectl delete -f calico.yaml"]


def test_what_came_from_standard_input_is_in_no_file() -> None:
    """So there is nothing to remove and nothing to apply again."""
    found = [became("a", file="<stdin>")]
    assert not any("take them out" in step.purpose for step in plan(found, ["calico.yaml"]))
    assert commands((undo(found, ["calico.yaml"]),)) == ["kubectl delete -f calico.yaml"]


def test_names_of_files_are_quoted() -> None:
    """A space or a dollar sign in a name is no part of the command."""
    assert "kubectl apply -f 'my $files/calico.yaml'" in commands(plan([became("a")], ["my $files/calico.yaml"]))


def test_folders_are_looked_through() -> None:
    """Policies of each namespace stand in a folder of their own."""
    assert "kubectl apply -R -f new/" in commands(plan([became("a")], ["new/"]))
