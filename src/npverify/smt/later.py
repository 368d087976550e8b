"""Z3, imported when it is first asked for anything: a command whose questions are all settled before the solver does not wait
for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import z3
else:

    class _Later:
        """Stands for the module until it is there; what was looked up is kept, so that later look-ups cost nothing."""

        def __getattr__(self, name: str) -> Any:
            import z3 as there

            found = getattr(there, name)
            setattr(self, name, found)
            return found

    z3 = _Later()

__all__ = ["z3"]
