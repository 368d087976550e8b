"""How objects got into the cluster, and what that makes of an invalid one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import Literal, NamedTuple

from npverify.normal.policy import Direction

Mode = Literal["validated", "native", "raw"]
"""Checked by the API server or calicoctl; the native resources of `projectcalico.org/v3`; stored unchecked."""

NEWEST = (3, 32)


class Way(NamedTuple):
    """The mode of input, and the version of Calico as major and minor number."""

    mode: Mode = "validated"
    version: tuple[int, int] = NEWEST

    @property
    def raw(self) -> bool:
        """Whether nothing was checked before the objects were stored."""
        return self.mode == "raw"

    def absent(self, codes: Iterable[str]) -> bool:
        """Whether an object with these errors is not in force: somebody who is certain to look at it refuses it.

        Only asked where input is raw; else the errors stand.
        """
        return all(_REFUSED_BY.get(code) in self._refusing for code in codes)

    @property
    def _refusing(self) -> tuple[_By, ...]:
        # the resources of `crd.projectcalico.org/v1` have had rules of their own (enum, CEL) since 3.32
        return (_By.FELIX, _By.SCHEMA) if self.version >= (3, 32) else (_By.FELIX,)


class Where(NamedTuple):
    """Which rules are read: of this kind of object and this direction."""

    kind: str
    direction: Direction
    way: Way

    @property
    def path(self) -> str:
        """A rule in the table of fields."""
        return f"spec.{self.direction}[]"


class _By(Enum):
    """Who refuses an object that only the Kubernetes API server looked at."""

    FELIX = auto()  # typha/pkg/validator/v1 or, for a wrong type, the schema of every version
    SCHEMA = auto()  # the schema, from 3.32 on; before that nobody, and what Felix makes of it is not known


_REFUSED_BY = {
    **dict.fromkeys(("NPV020", "NPV220", "NPV222", "NPV226", "NPV239", "NPV250"), _By.FELIX),
    **dict.fromkeys(
        ("NPV210", "NPV211", "NPV212", "NPV213", "NPV217", "NPV219", "NPV223", "NPV237", "NPV240", "NPV241"), _By.SCHEMA
    ),
}
