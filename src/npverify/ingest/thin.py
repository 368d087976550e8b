"""`dataclass` for what a run makes a hundred thousand of. To the type checker it is that of the standard library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["thin"]

if TYPE_CHECKING:
    from dataclasses import dataclass as thin
else:
    import dataclasses

    def thin(*, frozen: bool, **options: Any) -> Any:
        """`dataclasses.dataclass`. That such a class is frozen the type checker says alone: at run time that would double
        the time in which an object is made."""
        if not frozen or options.get("eq", True):
            raise TypeError("for frozen classes whose objects are compared by identity")
        return dataclasses.dataclass(**options)
