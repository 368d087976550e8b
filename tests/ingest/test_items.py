"""An item of a list is taken apart and judged as it is when it stands alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_texts import read_text

from npverify.ingest import objects

ODD = st.sampled_from([None, "", "a", "shop", 1, True, [], {}])
KINDS = st.sampled_from(["Pod", "Pod", "NetworkPolicy", "Service", "List", "PodList", "", None, 1])
metadata = st.fixed_dictionaries({}, optional={"name": ODD, "namespace": ODD, "resourceVersion": st.just("")})
items = st.recursive(
    st.fixed_dictionaries({}, optional={"apiVersion": ODD | st.just("v1"), "kind": KINDS, "metadata": metadata | ODD}),
    lambda inner: st.builds(
        lambda kind, meta, items: {"apiVersion": "v1", "kind": kind, "metadata": meta, "items": items},
        st.sampled_from(["List", "PodList"]), metadata, st.lists(inner, max_size=3),
    ),
    max_leaves=4,
)  # fmt: skip


def outcome(value: Any) -> tuple[object, ...]:
    """The objects in a list of one item, what was said and where, and the kinds that were skipped."""
    bundle, problems = read_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [value]}, indent=1))
    found = [(d.api_version, d.kind, d.namespace, d.name, d.prefix, repr(d.value)) for d in bundle.documents]
    return found, problems.errors, problems.warnings, bundle.skipped


@given(items | ODD)
def test_the_usual_item_is_no_exception(value: Any) -> None:
    """What is plainly an object is sorted as everything else is."""
    shortly = outcome(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objects, "_usual", lambda _value: None)
        assert shortly == outcome(value)


@pytest.mark.parametrize(
    ("item", "codes"),
    [
        ({"kind": "Pod", "metadata": {"name": 1}}, ["NPV020"]),
        ({"kind": "Pod", "metadata": {"name": "a", "namespace": []}}, ["NPV020"]),
        ({"kind": "List", "metadata": {"name": "a"}, "items": [{"apiVersion": "v1", "kind": "Pod"}]}, []),
        ({"kind": "PodList", "metadata": {}, "items": 1}, ["NPV014"]),
        ({"kind": 1, "metadata": {}}, ["NPV014"]),
    ],
    ids=["a number for a name", "a list for a namespace", "a list", "a list without items", "a number for a kind"],
)
def test_odd_items(item: dict[str, Any], codes: list[str]) -> None:
    """What is wrong with an item is told."""
    _, problems = read_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", **item}]}))
    assert [error.code for error in problems.errors] == codes
