"""In which order the policies of a change can be applied and deleted so that no state in between breaks an assertion."""
