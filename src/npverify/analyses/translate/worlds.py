"""The worlds that a migration is about: one inventory under the native policies, under the new ones, and under both."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from npverify.analyses.world import World
from npverify.dialects import Memo, is_policy, lower
from npverify.dialects.kinds import Role, role
from npverify.dialects.kubernetes_read import NetworkPolicy, read
from npverify.dialects.profiles import Profile
from npverify.ingest.document import Document
from npverify.ingest.files import files
from npverify.ingest.read import read_content
from npverify.ingest.source import Problems


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """What was read: the world under the policies `before`, and the policies `after` that stand in new files already.

    `memo` knows what policies were read as and lowered to.
    """

    old: World
    before: Sequence[Document]
    profile: Profile
    ignore_kinds: Collection[str] = ()
    after: Sequence[Document] = ()
    memo: Memo = field(default_factory=Memo)

    @classmethod
    def read(
        cls,
        world: World,
        profile: Profile,
        *,
        ignore_kinds: Collection[str] = (),
        new: Sequence[str] = (),
        stdin: Callable[[], bytes] | None = None,
    ) -> Input:
        """The policies of a world that was loaded without faults, with its documents kept; those in the files and folders
        `new` are no part of the old world."""
        if world.origin is None:
            raise ValueError("a world whose documents were not kept")
        found = [d for d in world.origin.documents if is_policy(d.api_version, d.kind)]
        names = {os.path.realpath(file.name) for file in files(new, Problems(), stdin)}
        after = [d for d in found if names and os.path.realpath(d.span().file) in names]
        known = set(map(id, after))
        before = [d for d in found if id(d) not in known]
        given = cls(world, before, profile, ignore_kinds, after, world.origin.memo)
        return replace(given, old=given.under(given.before, Problems())) if after else given

    def native(self) -> tuple[NetworkPolicy, ...]:
        """The native policies of the old world, in the order of names; they were found to be right."""
        return tuple(sorted((self._as_read(d) for d in self.before if is_native(d)), key=lambda p: p.id))

    def _as_read(self, document: Document) -> NetworkPolicy:
        known, _, _ = self.memo.read.get(document, (None, (), False))
        if isinstance(known, NetworkPolicy):
            return known
        return read(document, Problems(), strict_cidr=self.profile.strict_cidr)

    def under(self, documents: Iterable[Document], problems: Problems) -> World:
        """The same inventory under other policies."""
        lowered = lower(
            list(documents),
            self.profile,
            problems,
            self.old.inventory,
            ignore_kinds=self.ignore_kinds,
            memo=self.memo,
        )
        return replace(self.old, policies=lowered.policies, defined=lowered.ids, mesh=lowered.mesh, over_of=None)


def is_native(document: Document) -> bool:
    """Whether an object is a NetworkPolicy of the Kubernetes API."""
    return role(document.api_version, document.kind) is Role.MODELLED


def is_of_calico(document: Document) -> bool:
    """Whether an object is one of Calico's."""
    return role(document.api_version, document.kind) is Role.CALICO


def read_written(name: str, text: str, problems: Problems) -> tuple[Document, ...]:
    """The policies of a text that was written, as any reader finds them."""
    return read_content(name, text, problems, wanted=is_policy)
