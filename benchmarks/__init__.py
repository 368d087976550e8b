"""Clusters of known size, and how long each question about them takes; see benchmarks/README.md."""

GENERATOR_VERSION = 2
"""Of the bytes that the generator gives for a seed; numbers of different versions are not compared."""
