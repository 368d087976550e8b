"""The examples of docs/json.md are what the program gives."""

import json
import re
from pathlib import Path

from report_worlds import ALLOW_ID, POLICIES, answer, assertion, counterexample, result, world

from npverify.analyses.explain import explain
from npverify.analyses.results import Status
from npverify.report.explain_report import explain_json
from npverify.report.prove_json import prove_json

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def test_the_example_of_prove_is_what_prove_gives():
    """The page shows the report of a refuted assertion, key by key and in order."""
    refuted = answer(Status.REFUTED, counterexample=counterexample(), depends_on=(ALLOW_ID,))
    assert json.dumps(EXAMPLES[0]) == json.dumps(prove_json(result(refuted), world()))


def test_every_key_of_an_assertion_is_on_the_page():
    """A key that the program writes has its row."""
    full = answer(
        Status.PROVED,
        assertion(want=True),
        because="x",
        counterexample=counterexample(),
        witness=counterexample(),
        refuting_pairs=2,
    )
    keys = prove_json(result(full), world(mesh=True), timings=True)["assertions"][0]
    assert [key for key in keys if f"`{key}`" not in PAGE] == []


def _keys(value):
    """Every key in a JSON value, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


def test_every_key_of_an_explanation_is_on_the_page():
    """The same for explain, at every depth."""
    flow = counterexample().flow
    keys = _keys(explain_json(explain(world(), flow), POLICIES))
    assert sorted(key for key in keys if not re.search(rf"[`\"]{key}[`\"]", PAGE)) == []
