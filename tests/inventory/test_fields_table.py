"""No field of an API type that the inventory reads is without a row in the table of fields."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from npverify.ingest.fields import State
from npverify.inventory.fields_table import FIELDS, STATUS
from npverify.inventory.schema import SHAPES
from npverify.inventory.shapes import ListOf, MapOf, Shape

# The types as published for Kubernetes 1.37: kubernetes/api core/v1, apps/v1, batch/v1 and discovery/v1 types.go, and
# kubernetes/apimachinery pkg/apis/meta/v1/types.go. EndpointPort has the same fields in two groups. WorkloadEndpoint and
# its parts as of Calico 3.32: projectcalico/calico libcalico-go/lib/apis/internalapi/workloadendpoint.go. Cilium's kinds and
# their parts as of 1.20: cilium/cilium pkg/k8s/apis/cilium.io/v2/types.go.
# Ingress: kubernetes/api networking/v1 types.go; Gateway and what belongs to it: kubernetes-sigs/gateway-api apis/v1
# *_types.go, with the experimental fields.
PUBLISHED = {
    "Namespace": "apiVersion kind metadata spec status",
    "ServiceAccount": "apiVersion kind metadata secrets imagePullSecrets automountServiceAccountToken",
    "Pod": "apiVersion kind metadata spec status",
    "Deployment": "apiVersion kind metadata spec status",
    "ReplicaSet": "apiVersion kind metadata spec status",
    "StatefulSet": "apiVersion kind metadata spec status",
    "DaemonSet": "apiVersion kind metadata spec status",
    "ReplicationController": "apiVersion kind metadata spec status",
    "Job": "apiVersion kind metadata spec status",
    "CronJob": "apiVersion kind metadata spec status",
    "Node": "apiVersion kind metadata spec status",
    "Service": "apiVersion kind metadata spec status",
    "Endpoints": "apiVersion kind metadata subsets",
    "EndpointSlice": "apiVersion kind metadata addressType endpoints ports",
    "ObjectMeta": (
        "name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp"
        " deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields"
    ),
    "OwnerReference": "apiVersion kind name uid controller blockOwnerDeletion",
    "LabelSelector": "matchLabels matchExpressions",
    "LabelSelectorRequirement": "key operator values",
    "PodTemplateSpec": "metadata spec",
    "PodSpec": (
        "volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds"
        " activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount"
        " automountServiceAccountToken nodeName hostNetwork hostPID hostIPC shareProcessNamespace securityContext"
        " imagePullSecrets hostname subdomain affinity schedulerName tolerations hostAliases priorityClassName"
        " priority dnsConfig readinessGates runtimeClassName enableServiceLinks preemptionPolicy overhead"
        " topologySpreadConstraints setHostnameAsFQDN os hostUsers schedulingGates resourceClaims resources"
        " hostnameOverride schedulingGroup evictionResponders"
    ),
    "Container": (
        "name image command args workingDir ports envFrom env resources resizePolicy restartPolicy"
        " restartPolicyRules volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle"
        " terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty"
    ),
    "ContainerPort": "name hostPort containerPort protocol hostIP",
    "PodStatus": (
        "observedGeneration phase conditions message reason nominatedNodeName hostIP hostIPs podIP podIPs"
        " startTime initContainerStatuses containerStatuses qosClass ephemeralContainerStatuses resize"
        " resourceClaimStatuses extendedResourceClaimStatus allocatedResources resources"
        " nodeAllocatableResourceClaimStatuses volumeHealth"
    ),
    "PodIP": "ip",
    "DeploymentSpec": (
        "replicas selector template strategy minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds"
    ),
    "ReplicaSetSpec": "replicas minReadySeconds selector template",
    "StatefulSetSpec": (
        "replicas selector template volumeClaimTemplates serviceName podManagementPolicy updateStrategy"
        " revisionHistoryLimit minReadySeconds persistentVolumeClaimRetentionPolicy ordinals"
    ),
    "StatefulSetOrdinals": "start",
    "DaemonSetSpec": "selector template updateStrategy minReadySeconds revisionHistoryLimit",
    "ReplicationControllerSpec": "replicas minReadySeconds selector template",
    "JobSpec": (
        "parallelism completions activeDeadlineSeconds podFailurePolicy successPolicy backoffLimit"
        " backoffLimitPerIndex maxFailedIndexes selector manualSelector template ttlSecondsAfterFinished"
        " completionMode suspend podReplacementPolicy managedBy scheduling"
    ),
    "JobStatus": (
        "conditions startTime completionTime active succeeded failed terminating completedIndexes failedIndexes"
        " uncountedTerminatedPods ready"
    ),
    "JobCondition": "type status lastProbeTime lastTransitionTime reason message",
    "CronJobSpec": (
        "schedule timeZone startingDeadlineSeconds concurrencyPolicy suspend jobTemplate"
        " successfulJobsHistoryLimit failedJobsHistoryLimit"
    ),
    "JobTemplateSpec": "metadata spec",
    "NodeSpec": (
        "podCIDR podCIDRs providerID unschedulable taints configSource externalID podPreemptionPolicy"
    ),
    "NodeStatus": (
        "capacity allocatable phase conditions addresses daemonEndpoints nodeInfo images volumesInUse"
        " volumesAttached config runtimeHandlers features declaredFeatures"
    ),
    "NodeAddress": "type address",
    "ServiceSpec": (
        "ports selector clusterIP clusterIPs type externalIPs sessionAffinity loadBalancerIP"
        " loadBalancerSourceRanges externalName externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses"
        " sessionAffinityConfig ipFamilies ipFamilyPolicy allocateLoadBalancerNodePorts loadBalancerClass"
        " internalTrafficPolicy trafficDistribution"
    ),
    "ServicePort": "name protocol appProtocol port targetPort nodePort",
    "EndpointSubset": "addresses notReadyAddresses ports",
    "EndpointAddress": "ip hostname nodeName targetRef",
    "EndpointPort": "name port protocol appProtocol",
    "Endpoint": "addresses conditions hostname targetRef deprecatedTopology nodeName zone hints",
    "EndpointConditions": "ready serving terminating",
    "WorkloadEndpoint": "apiVersion kind metadata spec",
    "WorkloadEndpointSpec": (
        "orchestrator workload node containerID pod endpoint serviceAccountName ipNetworks ipNATs ipv4Gateway"
        " ipv6Gateway profiles interfaceName mac ports allowSpoofedSourcePrefixes qosControls"
    ),
    "WorkloadEndpointPort": "name protocol port hostPort hostIP",
    "IPNAT": "internalIP externalIP",
    "CiliumNode": "apiVersion kind metadata spec status",
    "CiliumNodeSpec": "instance-id bootid addresses health ingress encryption eni azure alibaba-cloud ipam nodeidentity",
    "CiliumNodeAddress": "type ip",
    "HealthAddressingSpec": "ipv4 ipv6",
    "AddressPair": "ipv4 ipv6",
    "CiliumEndpoint": "apiVersion kind metadata status",
    "CiliumEndpointStatus": (
        "id controllers external-identifiers health identity log networking encryption policy visibility-policy-status state"
        " named-ports service-account"
    ),
    "EndpointIdentity": "id labels",
    "EndpointNetworking": "addressing node",
    "NamedPort": "name protocol port",
    "CiliumEndpointSlice": "apiVersion kind metadata namespace endpoints",
    "CoreCiliumEndpoint": "name id networking encryption named-ports service-account",
    "CiliumIdentity": "apiVersion kind metadata security-labels",
    "Ingress": "apiVersion kind metadata spec status",
    "IngressSpec": "ingressClassName defaultBackend tls rules",
    "IngressRule": "host http",
    "HTTPIngressRuleValue": "paths",
    "HTTPIngressPath": "path pathType backend",
    "IngressBackend": "service resource",
    "TypedLocalObjectReference": "apiGroup kind name",
    "IngressServiceBackend": "name port",
    "ServiceBackendPort": "name number",
    "IngressClass": "apiVersion kind metadata spec",
    "IngressClassSpec": "controller parameters",
    "GatewayClass": "apiVersion kind metadata spec status",
    "GatewayClassSpec": "controllerName parametersRef description",
    "Gateway": "apiVersion kind metadata spec status",
    "GatewaySpec": "gatewayClassName listeners addresses infrastructure allowedListeners tls defaultScope",
    "Listener": "name hostname port protocol tls allowedRoutes",
    "AllowedRoutes": "namespaces kinds",
    "RouteNamespaces": "from selector",
    "RouteGroupKind": "group kind",
    "HTTPRoute": "apiVersion kind metadata spec status",
    "GRPCRoute": "apiVersion kind metadata spec status",
    "TLSRoute": "apiVersion kind metadata spec status",
    "TCPRoute": "apiVersion kind metadata spec status",
    "UDPRoute": "apiVersion kind metadata spec status",
    "HTTPRouteSpec": "parentRefs useDefaultGateways hostnames rules",
    "GRPCRouteSpec": "parentRefs useDefaultGateways hostnames rules",
    "TLSRouteSpec": "parentRefs useDefaultGateways hostnames rules",
    "TCPRouteSpec": "parentRefs useDefaultGateways rules",
    "UDPRouteSpec": "parentRefs useDefaultGateways rules",
    "ParentReference": "group kind namespace name sectionName port",
    "HTTPRouteRule": "name matches filters backendRefs timeouts retry sessionPersistence",
    "GRPCRouteRule": "name matches filters backendRefs sessionPersistence",
    "HTTPRouteMatch": "path headers queryParams method",
    "HTTPPathMatch": "type value",
    "HTTPHeaderMatch": "type name value",
    "HTTPQueryParamMatch": "type name value",
    "GRPCRouteMatch": "method headers",
    "GRPCMethodMatch": "type service method",
    "GRPCHeaderMatch": "type name value",
    "TLSRouteRule": "name backendRefs",
    "TCPRouteRule": "name backendRefs",
    "UDPRouteRule": "name backendRefs",
    "HTTPBackendRef": "group kind name namespace port weight filters",
    "GRPCBackendRef": "group kind name namespace port weight filters",
    "BackendRef": "group kind name namespace port weight",
    "BackendObjectReference": "group kind name namespace port",
    "HTTPRouteFilter": (
        "type requestHeaderModifier responseHeaderModifier requestMirror requestRedirect urlRewrite cors externalAuth"
        " extensionRef"
    ),
    "GRPCRouteFilter": "type requestHeaderModifier responseHeaderModifier requestMirror extensionRef",
    "HTTPRequestMirrorFilter": "backendRef percent fraction",
    "HTTPExternalAuthFilter": "protocol backendRef grpc http forwardBody",
    "ReferenceGrant": "apiVersion kind metadata spec",
    "ReferenceGrantSpec": "from to",
    "ReferenceGrantFrom": "group kind namespace",
    "ReferenceGrantTo": "group kind name",
}  # fmt: skip

OLDER = {
    "ObjectMeta": "clusterName",  # always empty, removed in 1.24
    "PodSpec": "workloadRef",  # alpha in 1.35
    "DeploymentSpec": "rollbackTo",  # extensions/v1beta1 and apps/v1beta1
    "DaemonSetSpec": "templateGeneration",  # extensions/v1beta1
    "ServiceSpec": "topologyKeys",  # alpha from 1.17 to 1.21
    "Endpoint": "topology",  # discovery.k8s.io/v1beta1
    "IngressSpec": "backend",  # before networking.k8s.io/v1
    "IngressBackend": "serviceName servicePort",  # likewise
    "GatewaySpec": "backendTLS",  # Gateway API 1.1 to 1.3
}


def pairs(table: dict[str, str]) -> list[tuple[str, str]]:
    """Type and field, one by one."""
    return [(type_, name) for type_, names in table.items() for name in names.split()]


def read_below(shape: Shape) -> Iterator[tuple[str, str]]:
    """Type and field of everything that is read of a shape."""
    if isinstance(shape, ListOf):
        yield from read_below(shape.item)
    elif isinstance(shape, MapOf):
        for name, inner in shape.fields:
            yield shape.type, name
            yield from read_below(inner)


@pytest.mark.parametrize(("type_", "name"), pairs(PUBLISHED))
def test_every_published_field_has_a_row(type_: str, name: str) -> None:
    """Each field of the published types is in one of the four states."""
    assert isinstance(FIELDS[type_][name], State)


def test_no_row_without_a_field() -> None:
    """The table names no field that no version of the API has had."""
    rows = {(type_, name) for type_, table in FIELDS.items() for name in table}
    assert rows - set(pairs(PUBLISHED)) == set(pairs(OLDER))


def test_modelled_is_what_is_read() -> None:
    """The fields that are called modelled are those whose values are read, and no others."""
    modelled = {(t, name) for t, table in FIELDS.items() for name, state in table.items() if state is State.MODELLED}
    assert modelled == {row for shape in SHAPES.values() for row in read_below(shape)}


def test_every_map_that_is_read_has_a_table() -> None:
    """No type of the table is unused, and the types that only the cluster writes are types of the table."""
    assert {type_ for shape in SHAPES.values() for type_, _ in read_below(shape)} == set(FIELDS)
    assert set(FIELDS) >= STATUS
