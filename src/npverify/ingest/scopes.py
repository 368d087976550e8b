"""Which kinds are in no namespace, and which namespace takes those that do not say theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from npverify.ingest.document import Document
from npverify.ingest.rendered import release_namespace

WITHOUT_NAMESPACE = frozenset({
    "Namespace", "Node",
    "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy",
    "ClusterInformation", "FelixConfiguration", "GlobalNetworkPolicy", "GlobalNetworkSet", "HostEndpoint", "IPPool",
    "StagedGlobalNetworkPolicy", "Tier", "Profile",
    "CiliumCIDRGroup", "CiliumClusterwideNetworkPolicy", "CiliumEndpointSlice", "CiliumIdentity",
    "CiliumNode", "IngressClass", "GatewayClass",
})  # fmt: skip
"""Kinds that matter here and are in no namespace (the APIs of Kubernetes, Calico and Cilium)."""


def in_release(file: str, documents: Iterable[Document]) -> Iterator[Document]:
    """The objects of a file; those of a chart that name no namespace are in that of its release, where helm installs them
    (helm documentation, `helm install --namespace`)."""
    namespace = release_namespace(file)
    for doc in documents:
        metadata = doc.value.get("metadata")
        if (
            not namespace
            or doc.namespace is not None
            or doc.kind in WITHOUT_NAMESPACE
            or not isinstance(metadata, dict)
        ):
            yield doc
        else:
            # a copy, for what was read quickly may be shared
            value = {**doc.value, "metadata": {**metadata, "namespace": namespace}}
            yield replace(doc, namespace=namespace, value=value)
