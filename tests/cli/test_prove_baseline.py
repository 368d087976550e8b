"""`prove --write-baseline` and `--baseline`: what was refuted or undecided before is accepted, so that only news fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_worlds import FAILS, HOLDS, VACUOUS, write

from npverify.cli.app import run

CLOSED = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: postgres, namespace: shop}
spec: {podSelector: {matchLabels: {app: postgres}}, policyTypes: [Ingress]}
"""
KNOWN = "no web reaches postgres:5432"


def prove(*arguments: str) -> int:
    return run(("prove", "all.yaml", "--spec", "spec.npv", *arguments))


@pytest.fixture
def known(shop: Path) -> Path:
    """`spec.npv` has an assertion that fails and one that holds, and `known.json` is its baseline."""
    write(shop, spec_npv=FAILS + HOLDS)
    assert prove("--write-baseline", "known.json") == 0
    return shop


def entries(folder: Path) -> list[dict[str, str]]:
    found: Any = json.loads((folder / "known.json").read_text(encoding="utf-8"))
    assert found["schema"] == "npverify-baseline/1"
    entries: list[dict[str, str]] = found["assertions"]
    return entries


def test_it_has_what_is_refuted(known: Path) -> None:
    """With its text and how it was, for who reads the file; what is proved is not in it."""
    (entry,) = entries(known)
    assert {key: value for key, value in entry.items() if key != "fingerprint"} == {
        "status": "refuted",
        "title": KNOWN,
        "text": KNOWN,
    }


def test_what_is_in_it_is_accepted_and_shown_as_that(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0; it is still said to be refuted, in every form, and told in full with --verbose alone."""
    assert prove() == 1
    capsys.readouterr()
    assert (
        prove("--baseline", "known.json", "--format", "text", "--format", "json=a.json", "--format", "sarif=a.sarif")
        == 0
    )
    out = capsys.readouterr().out
    assert f"refuted    {KNOWN}  (accepted)" in out
    assert "1 refuted · 0 vacuous · 0 undecided · 1 of these accepted" in out
    assert "flow " not in out
    report = json.loads((known / "a.json").read_text(encoding="utf-8"))
    assert [(a["status"], a.get("accepted")) for a in report["assertions"]] == [
        ("refuted", "known.json"),
        ("proved", None),
    ]
    assert report["baseline"] == {"accepted": 1, "unused": []}
    results = json.loads((known / "a.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert [[each["kind"] for each in result.get("suppressions", ())] for result in results] == [["external"], []]
    assert prove("--baseline", "known.json", "--verbose") == 0
    assert "flow " in capsys.readouterr().out
    assert prove("--baseline", "known.json", "--quiet") == 0
    assert KNOWN not in capsys.readouterr().out


def test_only_news_fails(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another assertion; lines that move, other assertions and other tags are no news."""
    write(known, spec_npv=f"# a line more\n{HOLDS}{FAILS.replace('assert', 'assert tag old')}")
    assert prove("--baseline", "known.json") == 0
    write(known, spec_npv=FAILS + 'assert "news": no web reaches postgres on tcp/5432\n')
    capsys.readouterr()
    assert prove("--baseline", "known.json", "--quiet") == 1
    assert "refuted: news" in (out := capsys.readouterr().out)
    assert f"refuted: {KNOWN}" not in out


def test_the_same_assertion_once_more_is_news(known: Path) -> None:
    """The baseline accepts as many as there were."""
    write(known, spec_npv=FAILS + FAILS)
    assert prove("--baseline", "known.json") == 1


@pytest.mark.parametrize(
    ("spec", "policy", "told"),
    [
        pytest.param(FAILS + HOLDS, CLOSED, "it is proved", id="it was mended"),
        pytest.param(HOLDS, None, "there is no such assertion any more", id="it is gone"),
    ],
)
def test_an_entry_that_accepts_nothing_is_a_finding(
    known: Path, capsys: pytest.CaptureFixture[str], spec: str, policy: str | None, told: str
) -> None:
    """So that what was mended cannot come back unseen: exit code 1, in every form."""
    write(known, spec_npv=spec)
    if policy is not None:
        text = (known / "all.yaml").read_text(encoding="utf-8").split("---\napiVersion: networking")[0]
        write(known, all_yaml=f"{text}---\n{policy}", spec_npv=FAILS)
    capsys.readouterr()
    forms = ("text", "json=a.json", "junit=a.xml", "sarif=a.sarif")
    assert prove("--baseline", "known.json", *(word for form in forms for word in ("--format", form))) == 1
    assert f"known.json: unused: {KNOWN} is in it as refuted, and {told}" in capsys.readouterr().out
    (unused,) = json.loads((known / "a.json").read_text(encoding="utf-8"))["baseline"]["unused"]
    assert unused == {"title": KNOWN, "status": "refuted", "source": "known.json", "because": told}
    assert "<failure" in (known / "a.xml").read_text(encoding="utf-8")
    (ran,) = json.loads((known / "a.sarif").read_text(encoding="utf-8"))["runs"]
    assert ran["results"][-1]["ruleId"] == "baseline-unused"
    assert "baseline-unused" in {rule["id"] for rule in ran["tool"]["driver"]["rules"]}


def test_a_part_of_the_assertions_says_nothing_of_the_rest(known: Path) -> None:
    """With --only, an entry about another assertion is not unused."""
    write(known, spec_npv=FAILS + HOLDS.replace("assert", "assert tag some"))
    assert prove("--baseline", "known.json", "--only", "some") == 0


def test_what_is_undecided_is_accepted_as_that_alone(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it turns out to be refuted that is news, and the entry is unused."""
    write(shop, spec_npv=FAILS)
    assert prove("--write-baseline", "known.json") == 0
    (entry,) = entries(shop)
    write(shop, spec_npv=FAILS)
    swapped = json.dumps(
        {"schema": "npverify-baseline/1", "assertions": [{**entry, "status": "undecided", "fingerprint": "x"}]}
    )
    write(shop, known_json=swapped)
    capsys.readouterr()
    assert prove("--baseline", "known.json") == 1
    assert f"{KNOWN} is in it as undecided, and it is refuted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        pytest.param(("--baseline", "known.json"), "exclude each other", id="read and write"),
        pytest.param(("--only", "some"), "would lose what `--only` leaves out", id="a part"),
    ],
)
def test_a_baseline_is_written_whole_or_not_at_all(
    known: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], told: str
) -> None:
    """What there is stays as it was."""
    before = (known / "known.json").read_bytes()
    assert prove("--write-baseline", "known.json", *more) == 2
    err = capsys.readouterr().err
    assert "error[NPV675]" in err
    assert told in err
    assert (known / "known.json").read_bytes() == before


def test_a_baseline_that_is_none_is_told_before_anything_is_read(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what is wrong with other options, and for lint as well."""
    assert run(("prove", "gone", "--baseline", "gone.json", "--format", "xml")) == 2
    assert run(("lint", "gone", "--baseline", "gone.json", "--format", "xml")) == 2
    err = capsys.readouterr().err
    assert err.count("error[NPV336]") == err.count("error[NPV145]") == 2
    assert "NPV001" not in err


def test_what_speaks_about_nothing_is_not_accepted(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said when the baseline is written."""
    write(shop, spec_npv=VACUOUS + FAILS)
    assert prove("--write-baseline", "known.json") == 0
    assert "1 assertion about nothing will fail all the same" in capsys.readouterr().err
    assert [entry["status"] for entry in entries(shop)] == ["refuted"]
    assert prove("--baseline", "known.json") == 1
    assert prove("--baseline", "known.json", "--allow-vacuous") == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot read the baseline"),
        ("{", "the baseline is no JSON"),
        ('{"assertions": []}', "this is no baseline"),
        ('{"schema": "npverify-baseline/1", "assertions": [1]}', "this is no baseline"),
        ('{"schema": "npverify-baseline/1", "findings": []}', "this is a baseline of `npverify lint`"),
    ],
)
def test_a_baseline_that_is_none(shop: Path, capsys: pytest.CaptureFixture[str], text: str | None, told: str) -> None:
    """One message, exit code 2."""
    write(shop, spec_npv=HOLDS)
    if text is not None:
        write(shop, known_json=text)
    assert prove("--baseline", "known.json") == 2
    err = capsys.readouterr().err
    assert "error[NPV336]" in err
    assert told in err
    assert "npverify prove … --write-baseline" in err


@pytest.mark.parametrize("name", ["known.json", "report.json", "npverify.yaml"])
def test_files_of_npverify_may_lie_beside_the_manifests(
    shop: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A baseline, a report and a config file are no unknown documents; another file is."""
    folder = shop / "folder"
    write(shop, spec_npv=HOLDS)
    texts = {
        "known.json": ("--write-baseline", "folder/known.json"),
        "report.json": ("--format", "json=folder/report.json"),
    }
    if name in texts:
        assert prove(*texts[name]) == 0
    else:
        (folder / name).write_text("cni: calico\n", encoding="utf-8")
    capsys.readouterr()
    assert run(("lint", "folder", "--select", "NPL101", "--verbose")) == 0
    err = capsys.readouterr().err
    assert "NPV015" not in err
    assert "1 file of npverify" in err
    write(folder, other_json='{"schema": "other/1"}')
    assert run(("lint", "folder", "--select", "NPL101")) == 0
    assert "NPV015" in capsys.readouterr().err
