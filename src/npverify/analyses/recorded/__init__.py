"""Flows that a network plugin recorded: logs of Hubble and of Calico read, replayed, and held against a change."""
