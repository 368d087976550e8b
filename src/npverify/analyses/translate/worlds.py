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
    """What was read: `world` for its inventory, `documents` with every policy of it, and under which profile.

    `new` are the files that hold policies of the migration already; what stands in them is not part of the old world.
    """

    world: World
    documents: Sequence[Document]
    profile: Profile
    ignore_kinds: Collection[str] = ()
    new: Collection[str] = ()

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
        """Read the policies again of a world that was loaded, without faults, from `paths` and `new`."""
        found = read_documents([*paths, *new], Problems(), wanted=is_policy, stdin=stdin).documents
        return cls(world, found, profile, ignore_kinds, tuple(file.name for file in files(new, Problems(), None)))

    @property
    def before(self) -> tuple[Document, ...]:
        """The policies of the old world."""
        new = {os.path.realpath(name) for name in self.new}
        return tuple(d for d in self.documents if not new or os.path.realpath(d.span().file) not in new)

    @property
    def after(self) -> tuple[Document, ...]:
        """The policies that stand in the new files."""
        kept = set(map(id, self.before))
        return tuple(d for d in self.documents if id(d) not in kept)

    def native(self) -> tuple[NetworkPolicy, ...]:
        """The native policies of the old world, which `load` found to be right."""
        return tuple(read(d, Problems(), strict_cidr=self.profile.strict_cidr) for d in self.before if is_native(d))

    def under(self, documents: Iterable[Document], problems: Problems) -> World:
        """The same inventory under other policies."""
        lowered = lower(
            list(documents), self.profile, problems, self.world.inventory, ignore_kinds=self.ignore_kinds
        )
        return replace(self.world, policies=lowered.policies, defined=lowered.ids, mesh=lowered.mesh)


def is_native(document: Document) -> bool:
    """Whether an object is a NetworkPolicy of the Kubernetes API."""
    return role(document.api_version, document.kind) is Role.MODELLED


def is_of_calico(document: Document) -> bool:
    """Whether an object is one of Calico's."""
    return role(document.api_version, document.kind) is Role.CALICO


def read_written(name: str, text: str, problems: Problems) -> tuple[Document, ...]:
    """The policies of a text that was written, as any reader finds them."""
    return read_content(name, text, problems, wanted=is_policy)
