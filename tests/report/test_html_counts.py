"""What the HTML page counts, held against counting pair by pair; and how soon it answers with 10, 300 and 2,000 workloads."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from html_browser import Opened, found, put, texts
from html_worlds import counted

from npverify.analyses.connectivity import connectivity
from npverify.report.html.flow_map import connectivity_map
from npverify.report.html.page import html
from npverify.report.items import Report
from npverify.report.places import Root
from worlds import random_world

FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"text": "a"},
    {"text": "a", "role": "from"},
    {"text": "b", "role": "to"},
    {"port": "80"},
    {"port": "udp", "text": "pod"},
    {"text": "/", "port": "1-443", "role": "to"},
)


def test_what_the_page_counts_is_what_there_is(opened: Opened, folder: Path) -> None:
    """Folded or not, for every filter, over worlds that are made at random: the counts of all cells, pair by pair."""
    for seed in range(8):
        flows = connectivity_map(connectivity(random_world(Random(seed))))
        text = "".join(html(Report("connectivity", "", (), ()), Root(folder), "1", flows=flows))
        (folder / f"random-{seed}.html").write_text(text, encoding="utf-8")
        page = opened(f"random-{seed}")
        for given in FILTERS:
            for folded in (True, False):
                counts = page.execute_script(
                    """
                    const [given, folded] = arguments;
                    const flows = pageFlows;
                    flows.open = new Set(folded ? [] : flows.namespaces.keys());
                    Object.assign(flows.filter, { text: given.text || "", role: given.role || "either",
                      port: readPort(given.port || "") });
                    const sums = Object.fromEntries(flows.verdicts.map(([name]) => [name, 0]));
                    for (const cell of lookAt(flows).shown) flows.verdicts.forEach(([name], n) => sums[name] += cell.counts[n]);
                    return sums;
                    """,
                    given,
                    folded,
                )
                assert counts == counted(flows, **given), (seed, given, folded)


@pytest.mark.parametrize(("workloads", "rows"), [(10, 12), (300, 31), (2000, 201)])
def test_a_page_answers_at_once(workloads: int, rows: int, opened: Opened) -> None:
    """Namespaces are folded where there are many ends. The bounds are ten times what a quiet machine needs."""
    page = opened(f"connectivity {workloads}")
    loading = page.execute_script("return performance.getEntriesByType('navigation')[0].duration")
    assert loading < 5000
    status = texts(page, "#map .count")[0]
    assert int(status.partition(" row")[0].replace(",", "")) >= rows
    for name, value in (("f-role", "from"), ("f-namespace", "team-000")):
        taken = page.execute_script(
            "const box = document.getElementById(arguments[0]); const start = performance.now(); box.value = arguments[1];"
            "box.dispatchEvent(new Event('change')); document.body.offsetHeight; return performance.now() - start",
            name,
            value,
        )
        assert taken < 3000, name
    assert "team-000/app-3" in texts(page, ".matrix tbody th")
    put(page, "f-namespace", "")
    page.execute_script("[...document.querySelectorAll('button')].find((b) => b.textContent === 'Unfold all').click()")
    drawn = page.execute_script("return document.querySelectorAll('.matrix tbody tr').length")
    assert min(workloads, 64) <= drawn <= 64
    page.execute_script("document.getElementById('tab-graph').click()")
    assert found(page, ".graph .node")
