"""The meaning of the normal form on one concrete flow: plain Python, no solver.

In goes a `PolicySet`, an inventory, a flow and a reading; out comes a `Verdict`. The oracle is trusted: it confirms every
counterexample before it is shown. It shares nothing with the solver's side but the normal form.
"""

from npverify.oracle.atoms import Seen, address, label_value, named_numbers, touched_address
from npverify.oracle.walk import Oracle

__all__ = ["Oracle", "Seen", "address", "label_value", "named_numbers", "touched_address"]
