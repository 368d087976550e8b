"""Replays recorded flows: what the policies say of each now, and whether that agrees with what was recorded.

A plugin reports at the end where it judges. What was denied there, that end must deny. What was allowed at the source says
nothing of the destination; what was allowed at the destination had left its source, so both ends must allow it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from npverify.analyses.ends import Ends
from npverify.analyses.evaluate import evaluate_query, evaluator
from npverify.analyses.flows import FlowReader, Traffic
from npverify.analyses.ranges import PRIVATE, Ask, Ranges, public_blocks
from npverify.analyses.recorded.ends import UnknownEndError, Untold, UntoldAddressError, find_end
from npverify.analyses.recorded.record import Record, RecordedEnd, RecordedFlow
from npverify.analyses.results import Evaluation
from npverify.analyses.world import World
from npverify.ingest.source import InputError
from npverify.inventory.addresses import FAMILIES, Address
from npverify.inventory.model import Endpoint
from npverify.normal.flow import Verdict
from npverify.normal.policy import Direction
from npverify.normal.predicates import LabelIn, LabelText, atoms_of

_REMEMBERED = 100_000  # records whose answer is kept before the memory is given back


@dataclass(frozen=True, slots=True)
class Replayed:
    """The answer to one record.

    `evaluation`  what the policies say; None where `skip` or `unknown` says why nothing is judged
    `agrees`      whether that is what was recorded; None where that cannot be told
    `because`     why it cannot be told although the flow is judged
    """

    record: Record
    evaluation: Evaluation | None = None
    unknown: str = ""
    agrees: bool | None = None
    because: str = ""


class Replay:
    """Answers records over one world. Guards a memory, so that equal records are judged once."""

    def __init__(self, world: World, reader: FlowReader | None = None) -> None:
        self.world = world
        self._reader = reader or FlowReader(world.inventory, world)
        self._ranges = Ranges(world, self._reader)
        self._any_src_port = not evaluator(world).looks_at_source_ports
        self._edges: dict[int, list[int]] = {
            family: sorted(
                {0, *(e for p in evaluator(world).prefixes if p.family == family for e in (p.first, p.last + 1))}
            )
            for family in FAMILIES
        }
        self._answers: dict[Record, Replayed] = {}
        self._judged: dict[RecordedFlow, Evaluation | str] = {}
        self._mattering: frozenset[str] | None = None

    def answer(self, record: Record) -> Replayed:
        """What the policies say of a record, and whether it agrees."""
        if record.flow is not None:
            record = replace(record, flow=self.plain(record.flow))
        found = self._answers.get(record)
        if found is None:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            found = self._answers[record] = self._answer(record)
        return found

    def plain(self, flow: RecordedFlow) -> RecordedFlow:
        """The flow that stands for all that differ from it only in what no policy can tell apart: source ports that nobody
        looks at, and addresses of pods that lie in the same of the mentioned blocks."""
        src, dst = self._plain_end(flow.src), self._plain_end(flow.dst)
        port = None if self._any_src_port else flow.src_port
        if src is flow.src and dst is flow.dst and port == flow.src_port:
            return flow
        return flow._replace(src=src, dst=dst, src_port=port)

    def _plain_end(self, end: RecordedEnd) -> RecordedEnd:
        if not end.address or not (end.pod or end.prefix):
            return end
        try:
            address = Address.parse(end.address)
        except ValueError:
            return end
        if address in self._reader.directory.by_address:
            return end
        edges = self._edges[address.family]
        first = edges[bisect_right(edges, address.value) - 1]
        return end._replace(address=str(Address(address.family, first)))

    def judge(self, flow: RecordedFlow) -> Evaluation | str:
        """The verdict of a recorded flow; where there is none, why."""
        return self._judge_plain(self.plain(flow))

    def _judge_plain(self, flow: RecordedFlow) -> Evaluation | str:
        found = self._judged.get(flow)
        if found is None:
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            try:
                found = self._judge(flow)
            except UntoldAddressError as error:
                found = Untold(error)
            except UnknownEndError as error:
                found = str(error)
            except InputError as error:
                found = "; ".join(d.message for d in error.diagnostics)
            self._judged[flow] = found
        return found

    def _answer(self, record: Record) -> Replayed:
        if record.flow is None:
            return Replayed(record)
        found = self._judge_plain(record.flow)
        if isinstance(found, str):
            return Replayed(record, unknown=found)
        if record.allowed is None:
            return Replayed(record, found, because="no verdict is recorded")
        if _agrees(found.verdict, record):
            return Replayed(record, found, agrees=True)
        # judged by the labels of today, a flow of other labels tells nothing about the policies
        excuse = self._excuse(record, found)
        return Replayed(record, found, agrees=None if excuse else False, because=excuse)

    def _judge(self, flow: RecordedFlow) -> Evaluation:
        traffic = Traffic(flow.protocol, flow.port, flow.icmp, flow.src_port, flow.http, flow.dns, flow.kafka)
        src, dst = flow.src, flow.dst
        if src.outside and dst.outside:
            raise UnknownEndError("both ends are outside addresses that were counted together")
        if src.outside:
            to = self._end(dst)
            return self._outside(src, lambda end: self._reader.query(end, to, traffic))
        if dst.outside:
            source = self._end(src)
            return self._outside(dst, lambda end: self._reader.query(source, end, traffic))
        query = self._reader.query(self._end(src), self._end(dst), traffic)
        return evaluate_query(self.world, query)

    def _end(self, end: RecordedEnd) -> Ends:
        return find_end(self._reader.directory, end)

    def _outside(self, end: RecordedEnd, ask: Ask) -> Evaluation:
        """The verdict of every outside address of a kind, where it is one."""
        found: list[Evaluation] = []
        for prefix in public_blocks() if end.outside == "public" else PRIVATE:
            try:
                found += (part.evaluation for part in self._ranges.split(prefix, ask) if part.blocks)
            except InputError as error:
                if error.diagnostics[0].code != "NPV164":
                    raise
        if not found:
            raise UnknownEndError(f"no {end.outside} address can be that end")
        if len({(e.verdict.egress.allowed, e.verdict.ingress.allowed) for e in found}) > 1:
            raise UntoldAddressError(
                f"the {end.outside} address was not recorded, and policies tell such addresses apart"
            )
        return found[0]

    def _excuse(self, record: Record, found: Evaluation) -> str:
        """What beside the policies may explain that the record says otherwise: labels that are others now."""
        flow = record.flow
        if flow is None:
            return ""
        for what, end, now in (("source", flow.src, found.flow.src), ("destination", flow.dst, found.flow.dst)):
            changed = self._relabelled(end, now)
            if changed:
                return f"the {what} had other labels then: {', '.join(changed)}"
        return ""

    def _relabelled(self, end: RecordedEnd, now: Endpoint) -> list[str]:
        """The recorded labels that the endpoint does not have now, of those that policies look at."""
        if self._mattering is None:
            preds = (p for d in Direction for p in self.world.policies.half(d).predicates)
            atoms = (a for p in preds for a in atoms_of(p) if isinstance(a, LabelIn | LabelText) and a.of == "pod")
            self._mattering = frozenset(a.key for a in atoms)
        if not end.labels or not now.is_pod:
            return []
        then = dict(label.split("=", 1) for label in end.labels)
        known = {k: now.labels.get(k) for k in sorted(self._mattering) if isinstance(now.labels.get(k), str | None)}
        # of pods that were counted together a log tells the labels that all of them have
        told = [k for k in known if k in then or (end.pod and known[k] is not None)]
        return [f"{k}={then[k]}" if k in then else f"no {k}" for k in told if known[k] != then.get(k)]


def _agrees(now: Verdict, record: Record) -> bool:
    direction = record.direction
    if record.allowed:
        return now.egress.allowed if direction is Direction.EGRESS else now.allowed
    if direction is None:
        return not now.allowed
    return not (now.egress if direction is Direction.EGRESS else now.ingress).allowed
