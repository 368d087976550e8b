"""Clusters of known size, and how long each stage takes on them; see benchmarks/README.md."""
