"""What is read of each kind of API object: the fields that `fields_table` calls modelled, with their types."""

from __future__ import annotations

from collections.abc import Mapping

from npverify.inventory.front_shapes import (
    GATEWAY_CLASS_SPEC,
    GATEWAY_SPEC,
    GRANT_SPEC,
    INGRESS_CLASS_SPEC,
    INGRESS_SPEC,
    ROUTE_SPECS,
)
from npverify.inventory.shapes import SELECTOR, Leaf, ListOf, MapOf, Shape, map_of

_META = map_of(
    "ObjectMeta",
    name=Leaf.TEXT,
    generateName=Leaf.TEXT,
    namespace=Leaf.TEXT,
    labels=Leaf.LABELS,
    ownerReferences=ListOf(map_of("OwnerReference", kind=Leaf.TEXT, name=Leaf.TEXT, controller=Leaf.BOOLEAN)),
)
_CONTAINER = map_of(
    "Container",
    restartPolicy=Leaf.TEXT,
    ports=ListOf(
        map_of(
            "ContainerPort",
            name=Leaf.TEXT,
            protocol=Leaf.TEXT,
            containerPort=Leaf.INTEGER,
            hostPort=Leaf.INTEGER,
            hostIP=Leaf.TEXT,
        )
    ),
)
_POD_SPEC = map_of(
    "PodSpec",
    containers=ListOf(_CONTAINER),
    initContainers=ListOf(_CONTAINER),
    hostNetwork=Leaf.BOOLEAN,
    nodeName=Leaf.TEXT,
    serviceAccountName=Leaf.TEXT,
    serviceAccount=Leaf.TEXT,
)
_TEMPLATE = map_of("PodTemplateSpec", metadata=map_of("ObjectMeta", labels=Leaf.LABELS), spec=_POD_SPEC)
_JOB_SPEC = map_of(
    "JobSpec",
    parallelism=Leaf.INTEGER,
    completions=Leaf.INTEGER,
    completionMode=Leaf.TEXT,
    manualSelector=Leaf.BOOLEAN,
    template=_TEMPLATE,
)
_JOB_CONDITION = map_of("JobCondition", type=Leaf.TEXT, status=Leaf.TEXT)

_WORKLOAD_ENDPOINT_SPEC = map_of(
    "WorkloadEndpointSpec",
    orchestrator=Leaf.TEXT,
    workload=Leaf.TEXT,
    node=Leaf.TEXT,
    containerID=Leaf.TEXT,
    pod=Leaf.TEXT,
    endpoint=Leaf.TEXT,
    serviceAccountName=Leaf.TEXT,
    ipNetworks=ListOf(Leaf.TEXT),
    ipNATs=ListOf(map_of("IPNAT", externalIP=Leaf.TEXT)),
    profiles=ListOf(Leaf.TEXT),
    ports=ListOf(
        map_of("WorkloadEndpointPort", name=Leaf.TEXT, protocol=Leaf.PORT, port=Leaf.INTEGER, hostPort=Leaf.INTEGER)
    ),
    allowSpoofedSourcePrefixes=ListOf(Leaf.TEXT),
)
_ADDRESS_PAIR = map_of("AddressPair", ipv4=Leaf.TEXT, ipv6=Leaf.TEXT)
_NETWORKING = map_of("EndpointNetworking", addressing=ListOf(_ADDRESS_PAIR), node=Leaf.TEXT)
_NAMED_PORTS = {"named-ports": ListOf(map_of("NamedPort", name=Leaf.TEXT, protocol=Leaf.TEXT, port=Leaf.INTEGER))}


def _kind(kind: str, **fields: Shape) -> MapOf:
    return map_of(kind, apiVersion=Leaf.TEXT, kind=Leaf.TEXT, metadata=_META, **fields)


def _controller(kind: str, **fields: Shape) -> MapOf:
    return _kind(kind, spec=map_of(f"{kind}Spec", template=_TEMPLATE, **fields))


def _endpoint_port() -> ListOf:
    return ListOf(map_of("EndpointPort", name=Leaf.TEXT, protocol=Leaf.TEXT, port=Leaf.INTEGER))


SHAPES: Mapping[str, MapOf] = {
    shape.type: shape
    for shape in (
        _kind("Namespace"),
        _kind("ServiceAccount"),
        _kind(
            "Pod",
            spec=_POD_SPEC,
            status=map_of("PodStatus", phase=Leaf.TEXT, podIP=Leaf.TEXT, podIPs=ListOf(map_of("PodIP", ip=Leaf.TEXT))),
        ),
        _controller("Deployment", replicas=Leaf.INTEGER, selector=SELECTOR),
        _controller("ReplicaSet", replicas=Leaf.INTEGER, selector=SELECTOR),
        _controller(
            "StatefulSet",
            replicas=Leaf.INTEGER,
            selector=SELECTOR,
            ordinals=map_of("StatefulSetOrdinals", start=Leaf.INTEGER),
        ),
        _controller("DaemonSet", selector=SELECTOR),
        _controller("ReplicationController", replicas=Leaf.INTEGER, selector=Leaf.LABELS),
        _kind("Job", spec=_JOB_SPEC, status=map_of("JobStatus", conditions=ListOf(_JOB_CONDITION))),
        _kind("CronJob", spec=map_of("CronJobSpec", jobTemplate=map_of("JobTemplateSpec", spec=_JOB_SPEC))),
        _kind(
            "Node",
            spec=map_of("NodeSpec", podCIDR=Leaf.TEXT, podCIDRs=ListOf(Leaf.TEXT)),
            status=map_of("NodeStatus", addresses=ListOf(map_of("NodeAddress", type=Leaf.TEXT, address=Leaf.TEXT))),
        ),
        _kind(
            "Service",
            spec=map_of(
                "ServiceSpec",
                type=Leaf.TEXT,
                selector=Leaf.LABELS,
                clusterIP=Leaf.TEXT,
                clusterIPs=ListOf(Leaf.TEXT),
                ipFamilies=ListOf(Leaf.TEXT),
                externalIPs=ListOf(Leaf.TEXT),
                allocateLoadBalancerNodePorts=Leaf.BOOLEAN,
                externalName=Leaf.TEXT,
                externalTrafficPolicy=Leaf.TEXT,
                internalTrafficPolicy=Leaf.TEXT,
                loadBalancerSourceRanges=ListOf(Leaf.TEXT),
                ports=ListOf(
                    map_of(
                        "ServicePort",
                        name=Leaf.TEXT,
                        protocol=Leaf.TEXT,
                        port=Leaf.INTEGER,
                        targetPort=Leaf.PORT,
                        nodePort=Leaf.INTEGER,
                    )
                ),
            ),
        ),
        _kind(
            "Endpoints",
            subsets=ListOf(
                map_of(
                    "EndpointSubset",
                    addresses=ListOf(map_of("EndpointAddress", ip=Leaf.TEXT)),
                    notReadyAddresses=ListOf(map_of("EndpointAddress", ip=Leaf.TEXT)),
                    ports=_endpoint_port(),
                )
            ),
        ),
        _kind(
            "EndpointSlice",
            addressType=Leaf.TEXT,
            endpoints=ListOf(
                map_of(
                    "Endpoint",
                    addresses=ListOf(Leaf.TEXT),
                    conditions=map_of("EndpointConditions", ready=Leaf.BOOLEAN, serving=Leaf.BOOLEAN),
                )
            ),
            ports=_endpoint_port(),
        ),
        _kind("WorkloadEndpoint", spec=_WORKLOAD_ENDPOINT_SPEC),
        _kind(
            "CiliumNode",
            spec=map_of(
                "CiliumNodeSpec",
                addresses=ListOf(map_of("CiliumNodeAddress", type=Leaf.TEXT, ip=Leaf.TEXT)),
                health=map_of("HealthAddressingSpec", ipv4=Leaf.TEXT, ipv6=Leaf.TEXT),
                ingress=_ADDRESS_PAIR,
            ),
        ),
        _kind(
            "CiliumEndpoint",
            status=map_of(
                "CiliumEndpointStatus",
                identity=map_of("EndpointIdentity", id=Leaf.INTEGER, labels=ListOf(Leaf.TEXT)),
                networking=_NETWORKING,
                **_NAMED_PORTS,
            ),
        ),
        _kind(
            "CiliumEndpointSlice",
            namespace=Leaf.TEXT,
            endpoints=ListOf(
                map_of("CoreCiliumEndpoint", name=Leaf.TEXT, id=Leaf.INTEGER, networking=_NETWORKING, **_NAMED_PORTS)
            ),
        ),
        _kind("CiliumIdentity", **{"security-labels": Leaf.LABELS}),
        _kind("Ingress", spec=INGRESS_SPEC),
        _kind("IngressClass", spec=INGRESS_CLASS_SPEC),
        _kind("GatewayClass", spec=GATEWAY_CLASS_SPEC),
        _kind("Gateway", spec=GATEWAY_SPEC),
        *(_kind(kind, spec=spec) for kind, spec in ROUTE_SPECS.items()),
        _kind("ReferenceGrant", spec=GRANT_SPEC),
    )
}
"""What is read of each kind; the API groups do not differ."""
