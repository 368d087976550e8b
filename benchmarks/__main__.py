"""python -m benchmarks all [--sizes S,M,L] [--output docs/performance.json]    measure everything, and the peers
python -m benchmarks run [--sizes S] [--queries load,equiv]                  measure some of it
python -m benchmarks peers                                                   the other tools alone
python -m benchmarks plot                                                    docs/img/*.svg out of docs/performance.json
python -m benchmarks report                                                  the tables of docs/performance.md and README.md
python -m benchmarks generate M --output DIR --forms json,fat-yaml           a cluster on disk

Exit code 1 if an answer is wrong or a query failed; benchmarks/README.md says more.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.families import FAMILIES, GROUPS
from benchmarks.forms import FORMS
from benchmarks.measure import FAILED, LATE, WRONG, Plan, measure
from benchmarks.peers import PLAN, Peer, peers
from benchmarks.queries import BY_NAME, ROOT

RESULTS = ROOT / "docs" / "performance.json"
NCA = ROOT / "benchmarks" / ".nca"
ALL = ("S", "M", "L")


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked; gives back the exit code."""
    chosen = _options().parse_args(arguments)
    code: int = chosen.run(chosen)
    return code


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = options.add_subparsers(required=True, metavar="COMMAND")
    limits = argparse.ArgumentParser(add_help=False)
    limits.add_argument("--seed", type=int, default=1)
    limits.add_argument("--repeat", type=int, default=5, help="runs of each query (5); the median counts")
    limits.add_argument("--enough", type=float, default=120, help="seconds after which a query is not repeated (120)")
    limits.add_argument("--limit", type=float, default=600, help="seconds after which a run is ended (600)")
    limits.add_argument(
        "--memory",
        type=float,
        default=_most_memory(),
        help="GB of address space that a run may have (3/4 of the machine's)",
    )
    limits.add_argument("--data", type=Path, help="folder in which the generated clusters are kept and found again")
    limits.add_argument("--output", type=Path, default=RESULTS, help="the measurements as JSON (docs/performance.json)")
    limits.add_argument("--add", action="store_true", help="keep what the output file has and was not measured again")
    tool = argparse.ArgumentParser(add_help=False)
    tool.add_argument("--nca", type=Path, default=NCA, help="environment of network-config-analyzer (benchmarks/.nca)")
    tool.add_argument("--peer-sizes", type=_names([p.size for p in PLAN]), default=(), help="only these, for the peers")
    what = argparse.ArgumentParser(add_help=False)
    what.add_argument(
        "--sizes", type=_names(FAMILIES, GROUPS), default=ALL, help=f"of {', '.join((*FAMILIES, *GROUPS))} (S,M,L)"
    )
    what.add_argument("--queries", type=_names(BY_NAME), default=(), help=f"of {', '.join(BY_NAME)} (all)")
    what.add_argument("--forms", type=_names(FORMS), default=(), help="only these forms of the input")

    every = commands.add_parser("all", parents=[what, tool, limits], help="queries, peers, plots and tables")
    every.add_argument("--no-peers", action="store_true")
    every.set_defaults(run=_all)
    commands.add_parser("run", parents=[what, limits], help="queries alone").set_defaults(run=_run)
    commands.add_parser("peers", parents=[tool, limits], help="peers alone").set_defaults(run=_peers)
    for name, function in (("plot", _plot), ("report", _report)):
        command = commands.add_parser(name)
        command.add_argument("--input", type=Path, default=RESULTS)
        command.set_defaults(run=function)
    maker = commands.add_parser("generate", help="write a cluster")
    maker.add_argument("name", choices=sorted(FAMILIES))
    maker.add_argument("--seed", type=int, default=1)
    maker.add_argument("--forms", type=_names(FORMS), default=("json",), help=", ".join(FORMS))
    maker.add_argument("--output", type=Path, required=True)
    maker.set_defaults(run=_generate)
    return options


def _most_memory() -> float:
    return 0.75 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _names(known: Any, groups: Mapping[str, tuple[str, ...]] | None = None) -> Any:
    def names(text: str) -> tuple[str, ...]:
        found = tuple(name for word in text.split(",") for name in (groups or {}).get(word, (word,)))
        if unknown := [name for name in found if name not in known]:
            raise argparse.ArgumentTypeError(f"there is no {unknown[0]}; there are {', '.join(known)}")
        return found

    return names


def _plan(chosen: argparse.Namespace) -> Plan:
    return Plan(
        sizes=getattr(chosen, "sizes", ()),
        queries=getattr(chosen, "queries", ()),
        forms=getattr(chosen, "forms", ()),
        seed=chosen.seed,
        repeat=chosen.repeat,
        enough=chosen.enough,
        limit=chosen.limit,
        memory=chosen.memory,
        data=chosen.data,
        say=lambda text: print(text, flush=True),
    )


class _Keeper:
    """Writes the record after each step, so that an interrupted run loses nothing. Guards what the file had before."""

    def __init__(self, path: Path, *, add: bool) -> None:
        self.path = path
        self.record: dict[str, Any] = {}
        self.before = json.loads(path.read_text(encoding="utf-8")) if add and path.exists() else {}

    def keep(self, record: dict[str, Any]) -> None:
        """Write what is new, and of what was there what is not."""
        self.record = merged(self.before, record)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.record, indent=1) + "\n", encoding="utf-8")


def merged(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """A record with what an earlier one has and it lacks, if both are about the same clusters."""
    if not before or (before["generator"], before["seed"]) != (now["generator"], now["seed"]):
        return now
    keys = {"results": ("query", "size", "form"), "peers": ("tool", "question", "size")}
    lists = {}
    for name, fields in keys.items():
        have = {tuple(row[f] for f in fields) for row in now[name]}
        lists[name] = [row for row in before[name] if tuple(row[f] for f in fields) not in have] + now[name]
    return {**now, **lists, "inputs": {**before["inputs"], **now["inputs"]}}


def _bad(record: dict[str, Any]) -> int:
    rows = [*record["results"], *record["peers"], *(o for p in record["peers"] for o in p["ours"].values())]
    return int(any(row["status"] in (WRONG, FAILED) for row in rows))


def _run(chosen: argparse.Namespace) -> int:
    keeper = _Keeper(chosen.output, add=chosen.add)
    measure(_plan(chosen), keeper.keep)
    return _bad(keeper.record)


def _peers(chosen: argparse.Namespace) -> int:
    record: dict[str, Any] = json.loads(chosen.output.read_text(encoding="utf-8")) if chosen.output.exists() else {}
    keeper = _Keeper(chosen.output, add=chosen.add)
    if not record:
        measure(Plan(sizes=(), queries=("version",), seed=chosen.seed), keeper.keep)
        record = keeper.record
    return _with_peers(chosen, keeper, record)


def _with_peers(chosen: argparse.Namespace, keeper: _Keeper, record: dict[str, Any]) -> int:
    wanted = tuple(p for p in PLAN if not chosen.peer_sizes or p.size in chosen.peer_sizes)
    rows: list[Any] = []
    late: set[str] = set()
    for peer in wanted:
        if peer.question in late:
            continue
        try:
            rows += peers(_plan(chosen), chosen.nca, (Peer(*peer),))
        except RuntimeError as problem:
            print(problem, file=sys.stderr)
            break
        late |= {row["question"] for row in rows if row["status"] == LATE}
        keeper.keep({**record, "peers": rows})
    return _bad(keeper.record)


def _all(chosen: argparse.Namespace) -> int:
    keeper = _Keeper(chosen.output, add=chosen.add)
    measure(_plan(chosen), keeper.keep)
    if not chosen.no_peers:
        _with_peers(chosen, keeper, keeper.record)
    chosen.input = chosen.output
    _plot(chosen)
    _report(chosen)
    return _bad(keeper.record)


def _plot(chosen: argparse.Namespace) -> int:
    try:
        from benchmarks.plot import draw
    except ImportError as problem:
        print(f"no plots: {problem}; install the extra `bench`", file=sys.stderr)
        return 2
    for path in draw(json.loads(chosen.input.read_text(encoding="utf-8")), chosen.input.parent / "img"):
        print(path)
    return 0


def _report(chosen: argparse.Namespace) -> int:
    from benchmarks.report import fill

    record = json.loads(chosen.input.read_text(encoding="utf-8"))
    if chosen.input.absolute() != RESULTS:
        from benchmarks.report import TABLES

        for name, table in TABLES.items():
            print(f"## {name}\n\n{table(record)}\n")
        return 0
    for path in (ROOT / "docs" / "performance.md", ROOT / "README.md"):
        path.write_text(fill(path.read_text(encoding="utf-8"), record), encoding="utf-8")
    return 0


def _generate(chosen: argparse.Namespace) -> int:
    from benchmarks.families import make
    from benchmarks.forms import write

    cluster = make(chosen.name, chosen.seed)
    print(write(cluster, chosen.output, chosen.forms, name=chosen.name, seed=chosen.seed))
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends too
    sys.exit(main())
