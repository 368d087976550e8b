"""The worlds that a migration is about: one inventory under the native policies, under the new ones, and under both."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from npverify.analyses.world import World
from npverify.dialects import is_policy, lower
from npverify.dialects.kinds import Role, role
from npverify.dialects.kubernetes_read import NetworkPolicy, read
from npverify.dialects.profiles import Profile
from npverify.ingest.document import Document
from npverify.ingest.files import files
from npverify.ingest.read import read as read_documents
from npverify.ingest.read import read_content
from npverify.ingest.source import Problems


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """What was read: the world under the policies `before`, and the policies `after` that stand in new files already."""

    old: World
    before: Sequence[Document]
    profile: Profile
    ignore_kinds: Collection[str] = ()
    after: Sequence[Document] = ()

    @classmethod
    def read(
        cls,
        world: World,
        paths: Sequence[str],
        profile: Profile,
        *,
        ignore_kinds: Collection[str] = (),
        new: Sequence[str] = (),
        stdin: Callable[[], bytes] | None = None,
    ) -> Input:
        """Read the policies again of a world that was loaded from `paths` without faults; those in the files and folders
        `new` are no part of the old world."""
        found = read_documents(paths, Problems(), wanted=is_policy, stdin=stdin).documents
        names = {os.path.realpath(file.name) for file in files(new, Problems(), stdin)}
        after = [d for d in found if names and os.path.realpath(d.span().file) in names]
        known = set(map(id, after))
        given = cls(world, [d for d in found if id(d) not in known], profile, ignore_kinds, after)
        return replace(given, old=given.under(given.before, Problems())) if after else given

    def native(self) -> tuple[NetworkPolicy, ...]:
        """The native policies of the old world, in the order of names; they were found to be right."""
        native = (read(d, Problems(), strict_cidr=self.profile.strict_cidr) for d in self.before if is_native(d))
        return tuple(sorted(native, key=lambda p: p.id))

    def under(self, documents: Iterable[Document], problems: Problems) -> World:
        """The same inventory under other policies."""
        lowered = lower(list(documents), self.profile, problems, self.old.inventory, ignore_kinds=self.ignore_kinds)
        return replace(self.old, policies=lowered.policies, defined=lowered.ids, mesh=lowered.mesh, over=None)


def is_native(document: Document) -> bool:
    """Whether an object is a NetworkPolicy of the Kubernetes API."""
    return role(document.api_version, document.kind) is Role.MODELLED


def is_of_calico(document: Document) -> bool:
    """Whether an object is one of Calico's."""
    return role(document.api_version, document.kind) is Role.CALICO


def read_written(name: str, text: str, problems: Problems) -> tuple[Document, ...]:
    """The policies of a text that was written, as any reader finds them."""
    return read_content(name, text, problems, wanted=is_policy)
