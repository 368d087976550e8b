"""Every field of the API objects that the inventory reads, type by type, and what npverify does with it.

Source: kubernetes/api core/v1, apps/v1, batch/v1 and discovery/v1 types.go, and kubernetes/apimachinery
pkg/apis/meta/v1/types.go, as of Kubernetes 1.37, with the fields that older versions served; projectcalico/calico
libcalico-go/lib/apis/internalapi/workloadendpoint.go, as of Calico 3.32; kubernetes/api networking/v1 types.go, and
kubernetes-sigs/gateway-api apis/v1, as of August 2026; cilium/cilium pkg/k8s/apis/cilium.io/v2/types.go and v2alpha1/types.go.
Types whose fields are all irrelevant have no row: nobody looks inside them.

Irrelevant is what changes neither which pods, nodes and namespaces exist, nor their labels, accounts, ports and addresses,
nor what stands behind a Service at its own address. So scheduling, readiness and storage are; for policies, a pod that is
not ready counts like any other. Of what sends requests on, hosts, paths and headers are read for errors alone: any request may go
anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from npverify.ingest.fields import State

Table = Mapping[str, State]


def _rows(modelled: str, irrelevant: str = "") -> Table:
    states = dict.fromkeys(modelled.split(), State.MODELLED)
    return states | dict.fromkeys(irrelevant.split(), State.IRRELEVANT)


def _kind(modelled: str, irrelevant: str = "") -> Table:
    return _rows(f"apiVersion kind metadata {modelled}", irrelevant)


FIELDS: Mapping[str, Table] = {
    "Namespace": _kind("", "spec status"),
    "ServiceAccount": _kind("", "secrets imagePullSecrets automountServiceAccountToken"),
    "Pod": _kind("spec status"),
    "Deployment": _kind("spec", "status"),
    "ReplicaSet": _kind("spec", "status"),
    "StatefulSet": _kind("spec", "status"),
    "DaemonSet": _kind("spec", "status"),
    "ReplicationController": _kind("spec", "status"),
    "Job": _kind("spec status"),
    "CronJob": _kind("spec", "status"),
    "Node": _kind("spec status"),
    "Service": _kind("spec", "status"),
    "Endpoints": _kind("subsets"),
    "EndpointSlice": _kind("addressType endpoints ports"),
    "ObjectMeta": _rows(
        "name generateName namespace labels ownerReferences",
        "selfLink uid resourceVersion generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds annotations"
        " finalizers managedFields clusterName",
    ),
    "OwnerReference": _rows("kind name controller", "apiVersion uid blockOwnerDeletion"),
    "LabelSelector": _rows("matchLabels matchExpressions"),
    "LabelSelectorRequirement": _rows("key operator values"),
    "PodTemplateSpec": _rows("metadata spec"),
    "PodSpec": _rows(
        "containers initContainers hostNetwork nodeName serviceAccountName serviceAccount",
        # ephemeral containers cannot declare ports: kubernetes/api core/v1 EphemeralContainerCommon.Ports
        "volumes ephemeralContainers restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy"
        " nodeSelector automountServiceAccountToken hostPID hostIPC shareProcessNamespace securityContext imagePullSecrets"
        " hostname subdomain affinity schedulerName tolerations hostAliases priorityClassName priority dnsConfig"
        " readinessGates runtimeClassName enableServiceLinks preemptionPolicy overhead topologySpreadConstraints"
        " setHostnameAsFQDN os hostUsers schedulingGates resourceClaims resources hostnameOverride schedulingGroup"
        " workloadRef evictionResponders",
    ),
    "Container": _rows(
        "ports restartPolicy",
        "name image command args workingDir envFrom env resources resizePolicy restartPolicyRules volumeMounts"
        " volumeDevices livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath terminationMessagePolicy"
        " imagePullPolicy securityContext stdin stdinOnce tty",
    ),
    "ContainerPort": _rows("name protocol containerPort hostPort hostIP"),
    "PodStatus": _rows(
        "phase podIP podIPs",
        "observedGeneration conditions message reason nominatedNodeName hostIP hostIPs startTime initContainerStatuses"
        " containerStatuses qosClass ephemeralContainerStatuses resize resourceClaimStatuses extendedResourceClaimStatus"
        " allocatedResources resources nodeAllocatableResourceClaimStatuses volumeHealth",
    ),
    "PodIP": _rows("ip"),
    "DeploymentSpec": _rows(
        "replicas selector template",
        "strategy minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds rollbackTo",
    ),
    "ReplicaSetSpec": _rows("replicas selector template", "minReadySeconds"),
    "StatefulSetSpec": _rows(
        "replicas selector template ordinals",
        "volumeClaimTemplates serviceName podManagementPolicy updateStrategy revisionHistoryLimit minReadySeconds"
        " persistentVolumeClaimRetentionPolicy",
    ),
    "StatefulSetOrdinals": _rows("start"),
    "DaemonSetSpec": _rows(
        "selector template", "updateStrategy minReadySeconds revisionHistoryLimit templateGeneration"
    ),
    "ReplicationControllerSpec": _rows("replicas selector template", "minReadySeconds"),
    "JobSpec": _rows(
        "parallelism completions completionMode manualSelector template",
        # a suspended Job can be resumed; its selector is generated unless it is told not to be
        "suspend selector activeDeadlineSeconds podFailurePolicy successPolicy backoffLimit backoffLimitPerIndex"
        " maxFailedIndexes ttlSecondsAfterFinished podReplacementPolicy managedBy scheduling",
    ),
    "JobStatus": _rows(
        "conditions",
        "startTime completionTime active succeeded failed terminating completedIndexes failedIndexes"
        " uncountedTerminatedPods ready",
    ),
    "JobCondition": _rows("type status", "lastProbeTime lastTransitionTime reason message"),
    "CronJobSpec": _rows(
        "jobTemplate",
        "schedule timeZone startingDeadlineSeconds concurrencyPolicy suspend successfulJobsHistoryLimit"
        " failedJobsHistoryLimit",
    ),
    "JobTemplateSpec": _rows("spec", "metadata"),
    "NodeSpec": _rows(
        "podCIDR podCIDRs", "providerID unschedulable taints configSource externalID podPreemptionPolicy"
    ),
    "NodeStatus": _rows(
        "addresses",
        "capacity allocatable phase conditions daemonEndpoints nodeInfo images volumesInUse volumesAttached config"
        " runtimeHandlers features declaredFeatures",
    ),
    "NodeAddress": _rows("type address"),
    "ServiceSpec": _rows(
        "type selector clusterIP clusterIPs ipFamilies externalName externalTrafficPolicy ports externalIPs"
        " allocateLoadBalancerNodePorts loadBalancerSourceRanges internalTrafficPolicy",
        # whether a pod that is not ready is behind a Service is no question: it may become ready
        "sessionAffinity sessionAffinityConfig loadBalancerIP healthCheckNodePort publishNotReadyAddresses ipFamilyPolicy"
        " loadBalancerClass trafficDistribution topologyKeys",
    ),
    "ServicePort": _rows("name protocol port targetPort nodePort", "appProtocol"),
    "EndpointSubset": _rows("addresses notReadyAddresses ports"),
    "EndpointAddress": _rows("ip", "hostname nodeName targetRef"),
    "EndpointPort": _rows("name protocol port", "appProtocol"),
    "Endpoint": _rows("addresses conditions", "hostname targetRef deprecatedTopology topology nodeName zone hints"),
    "EndpointConditions": _rows("ready serving", "terminating"),
    "WorkloadEndpoint": _kind("spec"),
    "WorkloadEndpointSpec": _rows(
        "orchestrator workload node containerID pod endpoint serviceAccountName ipNetworks ipNATs profiles ports"
        " allowSpoofedSourcePrefixes",
        "ipv4Gateway ipv6Gateway interfaceName mac qosControls",
    ),
    "WorkloadEndpointPort": _rows("name protocol port hostPort", "hostIP"),
    "IPNAT": _rows("externalIP", "internalIP"),
    "CiliumNode": _kind("spec", "status"),
    "CiliumNodeSpec": _rows(
        "addresses health ingress", "instance-id bootid encryption eni azure alibaba-cloud ipam nodeidentity"
    ),
    "CiliumNodeAddress": _rows("type ip"),
    "HealthAddressingSpec": _rows("ipv4 ipv6"),
    "AddressPair": _rows("ipv4 ipv6"),
    "CiliumEndpoint": _kind("status"),
    "CiliumEndpointStatus": _rows(
        "identity networking named-ports",
        "id controllers external-identifiers health log encryption policy visibility-policy-status state service-account",
    ),
    "EndpointIdentity": _rows("id labels"),
    "EndpointNetworking": _rows("addressing node"),
    "NamedPort": _rows("name protocol port"),
    "CiliumIdentity": _kind("security-labels"),
    "CiliumEndpointSlice": _kind("namespace endpoints"),
    "CoreCiliumEndpoint": _rows("name id networking named-ports", "encryption service-account"),
    "Ingress": _kind("spec", "status"),
    "IngressSpec": _rows("ingressClassName defaultBackend backend rules", "tls"),
    "IngressRule": _rows("http host"),
    "HTTPIngressRuleValue": _rows("paths"),
    "HTTPIngressPath": _rows("backend path pathType"),
    "IngressBackend": _rows("service serviceName servicePort resource"),
    "TypedLocalObjectReference": _rows("apiGroup kind name"),
    "IngressServiceBackend": _rows("name port"),
    "ServiceBackendPort": _rows("name number"),
    "IngressClass": _kind("spec"),
    "IngressClassSpec": _rows("controller", "parameters"),
    "GatewayClass": _kind("spec", "status"),
    "GatewayClassSpec": _rows("controllerName", "parametersRef description"),
    "Gateway": _kind("spec", "status"),
    "GatewaySpec": _rows(
        "gatewayClassName listeners", "addresses infrastructure backendTLS tls allowedListeners defaultScope"
    ),
    "Listener": _rows("name hostname port protocol allowedRoutes", "tls"),
    "AllowedRoutes": _rows("namespaces kinds"),
    "RouteNamespaces": _rows("from selector"),
    "RouteGroupKind": _rows("group kind"),
    "HTTPRoute": _kind("spec", "status"),
    "GRPCRoute": _kind("spec", "status"),
    "TLSRoute": _kind("spec", "status"),
    "TCPRoute": _kind("spec", "status"),
    "UDPRoute": _kind("spec", "status"),
    "HTTPRouteSpec": _rows("parentRefs hostnames rules useDefaultGateways"),
    "GRPCRouteSpec": _rows("parentRefs hostnames rules useDefaultGateways"),
    "TLSRouteSpec": _rows("parentRefs hostnames rules useDefaultGateways"),
    "TCPRouteSpec": _rows("parentRefs rules useDefaultGateways"),
    "UDPRouteSpec": _rows("parentRefs rules useDefaultGateways"),
    "ParentReference": _rows("group kind namespace name sectionName port"),
    "HTTPRouteRule": _rows("filters backendRefs matches", "name timeouts retry sessionPersistence"),
    "GRPCRouteRule": _rows("filters backendRefs matches", "name sessionPersistence"),
    "HTTPRouteMatch": _rows("path headers queryParams method"),
    "HTTPPathMatch": _rows("type value"),
    "HTTPHeaderMatch": _rows("type name value"),
    "HTTPQueryParamMatch": _rows("type name value"),
    "GRPCRouteMatch": _rows("method headers"),
    "GRPCMethodMatch": _rows("type service method"),
    "GRPCHeaderMatch": _rows("type name value"),
    "TLSRouteRule": _rows("backendRefs", "name"),
    "TCPRouteRule": _rows("backendRefs", "name"),
    "UDPRouteRule": _rows("backendRefs", "name"),
    "HTTPBackendRef": _rows("group kind name namespace port weight filters"),
    "GRPCBackendRef": _rows("group kind name namespace port weight filters"),
    "BackendRef": _rows("group kind name namespace port weight"),
    "BackendObjectReference": _rows("group kind name namespace port"),
    "HTTPRouteFilter": _rows(
        "type requestMirror externalAuth",
        "requestHeaderModifier responseHeaderModifier requestRedirect urlRewrite cors extensionRef",
    ),
    "GRPCRouteFilter": _rows("type requestMirror", "requestHeaderModifier responseHeaderModifier extensionRef"),
    "HTTPRequestMirrorFilter": _rows("backendRef", "percent fraction"),
    "HTTPExternalAuthFilter": _rows("backendRef", "protocol grpc http forwardBody"),
    "ReferenceGrant": _kind("spec"),
    "ReferenceGrantSpec": _rows("from to"),
    "ReferenceGrantFrom": _rows("group kind namespace"),
    "ReferenceGrantTo": _rows("group kind name"),
}

STATUS: frozenset[str] = frozenset(
    {"PodStatus", "PodIP", "JobStatus", "JobCondition", "NodeStatus", "NodeAddress", "CiliumEndpointStatus"}
)
"""Types that the cluster writes, not a user: a field of theirs without a row is worth a word only if it is misspelt."""
