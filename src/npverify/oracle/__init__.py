"""The meaning of the normal form on one concrete flow: plain Python, no solver.

In goes a `PolicySet`, an inventory, a flow and a reading; out comes a `Verdict`. The oracle is trusted: it confirms every
counterexample before it is shown. It shares nothing with the solver's side but the normal form.
"""

from npverify.oracle.atoms import SOURCE_PORT, Seen, address, label_value, named_numbers, port, touched_address
from npverify.oracle.walk import Oracle

__all__ = ["SOURCE_PORT", "Oracle", "Seen", "address", "label_value", "named_numbers", "port", "touched_address"]
