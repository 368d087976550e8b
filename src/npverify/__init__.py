"""npverify proves statements about Kubernetes network policies with an SMT solver."""

__version__ = "0.1.0"
