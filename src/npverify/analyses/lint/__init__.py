"""Lint: what is probably wrong with a set of policies. Each rule is a module; semantic questions go to the solver."""
