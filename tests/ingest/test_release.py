"""What a chart leaves without a namespace is in that of its release; see `npverify.ingest.scopes`."""

from __future__ import annotations

import pytest

from npverify.ingest.files import File
from npverify.ingest.read import read, read_file
from npverify.ingest.source import Problems

TEXT = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: silent}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: told, namespace: apart}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: wide}
"""
IN = {"silent": "shop", "told": "apart", "shop": None, "wide": None}
AS_WRITTEN = IN | {"silent": None}
FILES = (
    pytest.param("helm:chart?namespace=shop", IN, id="a release in a namespace"),
    pytest.param("helm:chart?values=a&namespace=shop&set=b=c", IN, id="among other parameters"),
    pytest.param("helm:chart", AS_WRITTEN, id="a release in none"),
    pytest.param("kustomize:chart?namespace=shop", AS_WRITTEN, id="kustomize has it inside"),
    pytest.param("cluster:c?namespace=shop", AS_WRITTEN, id="a cluster tells it"),
    pytest.param("shop.yaml", AS_WRITTEN, id="a file"),
)


@pytest.mark.parametrize(("name", "expected"), FILES)
def test_the_namespace_of_an_object(name: str, expected: dict[str, str | None]) -> None:
    """As helm installs it; kinds that are in no namespace stay in none, and what is told stays as it is."""
    file, problems = File(name, TEXT, named=True), Problems()
    for documents in (
        read([file], problems, wanted=lambda _version, _kind: True).documents,
        read_file(file, problems, wanted=lambda _version, _kind: True).documents,
    ):
        assert {doc.name: doc.namespace for doc in documents} == expected
        assert {doc.name: doc.value["metadata"].get("namespace") for doc in documents} == expected
    assert problems.count == 0


def test_objects_of_equal_text_are_told_apart() -> None:
    """What was read once for several documents is not changed for all of them."""
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
    other = read(
        [File("a.yaml", text, True), File("helm:c?namespace=shop", text, True), File("b.yaml", text, True)],
        Problems(),
        wanted=lambda _v, _k: True,
    )
    assert [doc.value["metadata"].get("namespace") for doc in other.documents] == [None, "shop", None]
