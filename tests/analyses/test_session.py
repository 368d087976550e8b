"""Sessions: what an edit does, what is computed again, and what is refused. That the answers are those of a fresh run is in
tests/properties/test_session_laws.py."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest

import npverify
from npverify import Session, Status

WORLD = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}
"""
SPEC = """\
assert no pods where app == "web" reaches pods where app == "db"
assert every pods where app == "db" reaches pods where app == "web" on tcp/80
"""


def policy(name: str, app: str, **spec: Any) -> dict[str, Any]:
    """A NetworkPolicy in `shop` for the pods of an app."""
    selector = {"podSelector": {"matchLabels": {"app": app}}}
    metadata = {"name": name, "namespace": "shop"}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata,
        "spec": {**selector, **spec},
    }


CLOSED = policy("closed", "db", policyTypes=["Ingress"])


@pytest.fixture
def session(tmp_path: Path) -> Session:
    (tmp_path / "world.yaml").write_text(WORLD, encoding="utf-8")
    (tmp_path / "facts.npv").write_text(SPEC, encoding="utf-8")
    return Session([str(tmp_path)])


def statuses(session: Session) -> list[Status]:
    return [answer.status for answer in session.prove().results]


def test_apply_and_delete_change_the_answers(session: Session) -> None:
    """A policy that is applied is in force, one that is applied again replaces itself, and one that is deleted is gone."""
    open_, closed = [Status.REFUTED, Status.PROVED], [Status.PROVED, Status.PROVED]
    assert statuses(session) == open_
    session.apply(CLOSED)
    assert statuses(session) == closed
    session.apply(policy("closed", "db", ingress=[{}]))
    assert statuses(session) == open_
    session.apply(CLOSED)
    session.delete("NetworkPolicy", "closed", "shop")
    assert statuses(session) == open_


def test_what_a_change_does_not_touch_is_not_asked_again(session: Session) -> None:
    """A policy about the ingress of `db` leaves the answer about flows from `db` to `web` alone."""
    session.apply(policy("other", "nobody", policyTypes=["Ingress"]))
    first = session.prove().results
    session.apply(CLOSED)
    second = session.prove().results
    assert [answer.seconds > 0 for answer in first] == [True, True]
    assert [answer.seconds > 0 for answer in second] == [True, False]


def test_a_policy_that_selects_somebody_else_is_asked_anew_whether_it_is_vacuous(session: Session) -> None:
    """What is said of one policy holds over edits of others, and not over its own."""
    session.apply(CLOSED)
    session.apply(policy("about", "nobody", policyTypes=["Ingress"]))
    session.apply("assert policy shop/about is vacuous\n", source="about.npv")
    assert statuses(session)[-1] is Status.PROVED
    session.apply(policy("closed", "db", ingress=[{}]))
    answer = session.prove().results[-1]
    assert (answer.status, answer.seconds) == (Status.PROVED, 0)
    for app, status in (("db", Status.REFUTED), ("nobody", Status.PROVED), ("web", Status.REFUTED)):
        session.apply(policy("about", app, policyTypes=["Ingress"]))
        assert statuses(session)[-1] is status


def test_a_pod_that_is_relabelled_is_judged_by_its_new_labels(session: Session) -> None:
    """An edit of the inventory is an edit like any other."""
    session.apply(CLOSED)
    session.apply(WORLD.split("---\n")[2].replace("app: db", "app: web").replace("name: db", "name: db2"))
    session.apply(WORLD.split("---\n")[1].replace("app: web", "app: other").replace("name: web", "name: web"))
    assert len(session.world.inventory.pods) == 3
    assert statuses(session)[0] is Status.PROVED
    session.apply(policy("closed", "none", policyTypes=["Ingress"]))
    assert statuses(session)[0] is Status.REFUTED


def test_a_spec_is_applied_by_its_name(session: Session) -> None:
    """A text whose source ends in .npv is a spec."""
    session.apply('assert no pods where app == "db" reaches internet', source="more.npv")
    assert len(session.assertions) == 3
    session.delete_spec("more.npv")
    assert len(session.assertions) == 2


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        pytest.param(
            lambda s: s.apply(policy("bad", "db", ingress=[{"ports": [{"port": 0}]}])),
            "NPV072",
            id="a policy that is refused",
        ),
        pytest.param(lambda s: s.apply("kind: Pod"), "NPV014", id="no object"),
        pytest.param(lambda s: s.apply("assert nonsense", source="x.npv"), "NPV100", id="a spec with a syntax error"),
        pytest.param(lambda s: s.delete("NetworkPolicy", "nobody", "shop"), "NPV154", id="an object that is not there"),
        pytest.param(lambda s: s.delete("Pod", "web"), "NPV154", id="a name in another namespace"),
        pytest.param(lambda s: s.delete_spec("x.npv"), "NPV154", id="a spec that is not there"),
    ],
)
def test_an_edit_that_is_refused_changes_nothing(session: Session, edit: Any, code: str) -> None:
    """The error is raised, and the session says and holds what it did."""
    session.apply(CLOSED)
    before, world = session.prove(), session.world
    with pytest.raises(npverify.InputError) as refused:
        edit(session)
    assert code in {problem.code for problem in refused.value.diagnostics}
    assert session.world is world
    assert [a.status for a in session.prove().results] == [a.status for a in before.results]
    session.delete("NetworkPolicy", "closed", "shop")
    assert statuses(session)[0] is Status.REFUTED


def test_refresh_tells_the_files_and_objects_that_changed(session: Session, tmp_path: Path) -> None:
    """Names of files in order, and only the objects that say something else."""
    world = tmp_path / "world.yaml"
    world.write_text(WORLD.replace("app: db", "app: api"), encoding="utf-8")
    assert session.refresh() == ((str(world),), ("Pod shop/db",))
    assert session.refresh() == ((), ())


def test_what_was_applied_without_a_file_stays_over_a_refresh(session: Session, tmp_path: Path) -> None:
    """Only a file with a new text loses its edits."""
    session.apply(CLOSED)
    (tmp_path / "world.yaml").write_text(WORLD + "---\n", encoding="utf-8")
    session.refresh()
    assert statuses(session)[0] is Status.PROVED


def test_a_new_block_of_addresses_parts_pods_that_were_alike(session: Session, tmp_path: Path) -> None:
    """Pods with the same labels are told apart by a prefix that only the edit mentions."""
    session = Session([str(tmp_path)], assume={"ipblock_matches_pods": "literal"})
    for name, address in (("web", "10.0.0.1"), ("web2", "10.0.1.1")):
        pod = WORLD.split("---\n")[1].replace("name: web", f"name: {name}")
        session.apply(f"{pod}status: {{podIP: {address}, podIPs: [{{ip: {address}}}]}}\n")
    session.apply('assert every pods where app == "web" reaches pods where app == "db" on tcp/5432', source="more.npv")
    session.apply(policy("closed", "db", ingress=[{"from": [{"podSelector": {}}]}]))
    assert statuses(session)[2] is Status.PROVED
    session.apply(policy("closed", "db", ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/24"}}]}]))
    assert statuses(session)[2] is Status.REFUTED


def test_a_namespace_exists_while_a_policy_uses_it(session: Session) -> None:
    """A policy may bring a namespace into the inventory, and take it away."""
    elsewhere = {**CLOSED, "metadata": {"name": "closed", "namespace": "elsewhere"}}
    session.apply(elsewhere)
    assert "elsewhere" in session.world.inventory.namespaces
    session.delete("NetworkPolicy", "closed", "elsewhere")
    assert "elsewhere" not in session.world.inventory.namespaces


def test_an_assertion_that_an_interrupted_run_left_out_is_asked_of_the_policies_as_they_are(session: Session) -> None:
    """The run after the first edit is stopped before it comes to the last assertion; the next edit is about another pod."""
    session.apply(policy("there", "nobody", policyTypes=["Ingress", "Egress"]))
    session.apply('assert no pods where app == "web" reaches pods where app == "db"', source="more.npv")
    session.apply(CLOSED)
    assert statuses(session)[-1] is Status.PROVED
    session.delete("NetworkPolicy", "closed", "shop")
    asked = iter([False])
    assert session.prove(stop=lambda: next(asked, True)).interrupted
    session.apply(policy("other", "nobody", policyTypes=["Ingress"]))
    assert statuses(session)[-1] is Status.REFUTED


def test_objects_of_one_name_are_told_apart(session: Session) -> None:
    """By their kind and namespace: each replaces itself alone, and of two that are deleted the other one stays."""
    elsewhere = {**CLOSED, "metadata": {"name": "closed", "namespace": "other"}}
    for each in (CLOSED, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}, elsewhere):
        session.apply(each)
    session.apply(policy("closed", "db", ingress=[{}]))
    assert statuses(session) == [Status.REFUTED, Status.PROVED]
    session.apply(CLOSED)
    session.delete("NetworkPolicy", "closed", "other")
    assert statuses(session) == [Status.PROVED, Status.PROVED]
    session.delete("NetworkPolicy", "closed", "shop")
    assert statuses(session) == [Status.REFUTED, Status.PROVED]


NAMES = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: names, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  egress: [{toEntities: [world], toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*.example.com'}]}}]}]
"""


def test_names_of_dns_are_those_of_the_policies_as_they_are(tmp_path: Path) -> None:
    """What queries are told apart by hangs on the policies, so an edit of their names is one of that too."""
    (tmp_path / "world.yaml").write_text(WORLD, encoding="utf-8")
    spec = 'assert every pod shop/web reaches internet on dns "a.example.com"\nassert no pod shop/web reaches internet on dns "b.net"\n'
    (tmp_path / "facts.npv").write_text(spec, encoding="utf-8")
    session = Session([str(tmp_path)], cni="cilium")
    session.apply(NAMES)
    assert statuses(session) == [Status.PROVED, Status.PROVED]
    session.apply(NAMES.replace("*.example.com", "*.net"))
    assert statuses(session) == [Status.REFUTED, Status.REFUTED]
    session.apply(NAMES.replace("*.example.com", "a.*.com"))
    assert statuses(session) == [Status.PROVED, Status.PROVED]


def test_an_edit_leaves_nothing_for_the_collector(session: Session) -> None:
    """A collection of all that a large session holds takes as long as many edits, so it is rare: what an edit replaces must be
    free without one. Found at 100,000 pods, where each edit left 4 MB."""
    statuses(session)
    session.apply(CLOSED)
    statuses(session)
    gc.collect()
    flags = gc.get_debug()
    gc.disable()
    try:
        for rules in ([{}], []):
            session.apply(policy("closed", "db", policyTypes=["Ingress"], ingress=rules))
            statuses(session)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = {type(found).__name__ for found in gc.garbage if type(found).__module__.startswith("npverify.")}
    finally:
        gc.set_debug(flags)
        gc.garbage.clear()
        gc.enable()
    assert left == set()


def test_of_a_long_list_is_held_what_is_asked_for(tmp_path: Path) -> None:
    """As `load` does: pods as `kubectl get -o json` prints them are ten times larger than what is read of them. So a change of what
    nobody reads, such as the version of an object, is none."""
    listed = tmp_path / "pods.json"

    def write(version: str, app: str) -> None:
        pods = [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": f"p{number}",
                    "namespace": "shop",
                    "labels": {"app": app if number == 7 else "web"},
                    "resourceVersion": version,
                    "annotations": {"note": "x" * 3000},
                },
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            }
            for number in range(400)
        ]
        listed.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}), encoding="utf-8")

    write("1", "web")
    session = Session([str(tmp_path)])
    write("2", "web")
    assert session.refresh() == ((str(listed),), ())
    write("3", "db")
    assert session.refresh() == ((str(listed),), ("Pod shop/p7",))
