"""The parameters of Felix: spec of FelixConfiguration. Source: projectcalico/calico api/pkg/apis/projectcalico/v3/felixconfig.go."""

from __future__ import annotations

from collections.abc import Mapping

OTHERWISE: Mapping[str, tuple[object, ...]] = {
    **{
        # with Return, what is accepted goes on to the rules of others, which may drop it
        f"{table}{chain}AllowAction": ("", "accept")
        for table in ("iptables", "nftables")
        for chain in ("Filter", "Mangle")
    },
    "chainInsertMode": ("", "insert"),
    "disableConntrackInvalidCheck": (False,),
    "externalNodesList": ([],),
    "interfaceExclude": ("", "kube-ipvs0"),
    "interfacePrefix": ("", "cali"),
    "istioAmbientMode": ("", "disabled"),
    "sidecarAccelerationEnabled": (False,),
    "workloadSourceSpoofing": ("", "disabled"),
}
"""Parameters that can change what passes and are not modelled, with the values (texts in lower case) that do not."""

MODELLED = (
    "allowIPIPPacketsFromWorkloads", "allowVXLANPacketsFromWorkloads", "bpfEnabled", "defaultEndpointToHostAction",
    "failsafeInboundHostPorts", "failsafeInboundHostPorts[].net", "failsafeInboundHostPorts[].port",
    "failsafeInboundHostPorts[].protocol", "failsafeOutboundHostPorts", "failsafeOutboundHostPorts[].net",
    "failsafeOutboundHostPorts[].port", "failsafeOutboundHostPorts[].protocol", "ipipEnabled", "vxlanEnabled", "vxlanPort", "wireguardEnabled",
    "wireguardEnabledV6", "wireguardListeningPort", "wireguardListeningPortV6",
)  # fmt: skip

IRRELEVANT = (
    "awsSrcDstCheck", "bpfAttachType", "bpfCTLBLogFilter", "bpfConnectTimeLoadBalancing",
    "bpfConnectTimeLoadBalancingEnabled", "bpfConntrackLogLevel", "bpfConntrackMode", "bpfConntrackTimeouts",
    "bpfDSROptoutCIDRs", "bpfDataIfacePattern", "bpfDisableGROForIfaces", "bpfDisableUnprivileged", "bpfEnforceRPF",
    "bpfExcludeCIDRsFromNAT", "bpfExportBufferSizeMB", "bpfExtToServiceConnmark", "bpfExternalServiceMode",
    "bpfForceTrackPacketsFromIfaces", "bpfHostConntrackBypass", "bpfHostNetworkedNATWithoutCTLB", "bpfIPFragTimeout",
    "bpfIPFragmentReassemblyEnabled", "bpfJITHardening", "bpfKubeProxyEndpointSlicesEnabled",
    "bpfKubeProxyHealthzPort", "bpfKubeProxyIptablesCleanupEnabled", "bpfKubeProxyMinSyncPeriod", "bpfL3IfacePattern",
    "bpfLogFilters", "bpfLogLevel", "bpfMaglevMaxEndpointsPerService", "bpfMaglevMaxServices", "bpfMapSizeConntrack",
    "bpfMapSizeConntrackCleanupQueue", "bpfMapSizeConntrackScaling", "bpfMapSizeIPSets", "bpfMapSizeIfState",
    "bpfMapSizeNATAffinity", "bpfMapSizeNATBackend", "bpfMapSizeNATFrontend", "bpfMapSizePerCpuConntrack",
    "bpfMapSizeRoute", "bpfOverlayHostSourceIP", "bpfPSNATPorts", "bpfPolicyDebugEnabled", "bpfProfiling",
    "bpfRedirectToPeer", "cgroupV2Path", "dataplaneDriver", "dataplaneWatchdogTimeout", "debugDisableLogDropping",
    "debugHost", "debugMemoryProfilePath", "debugPort", "debugSimulateCalcGraphHangAfter",
    "debugSimulateDataplaneApplyDelay", "debugSimulateDataplaneHangAfter", "deviceRouteProtocol",
    "deviceRouteSourceAddress", "deviceRouteSourceAddressIPv6", "endpointReportingDelay", "endpointReportingEnabled",
    "endpointStatusPathPrefix", "featureDetectOverride", "featureGates", "floatingIPs", "flowLogsCollectorDebugTrace",
    "flowLogsFlushInterval", "flowLogsGoldmaneServer", "flowLogsLocalReporter", "flowLogsPolicyEvaluationMode",
    "genericXDPEnabled", "goGCThreshold", "goMaxProcs", "goMemoryLimitMB", "healthEnabled", "healthHost",
    "healthPort", "healthTimeoutOverrides", "interfaceRefreshInterval", "ipForwarding", "ipipMTU",
    "ipsetsRefreshInterval", "iptablesBackend", "iptablesFilterDenyAction", "iptablesLockFilePath",
    "iptablesLockProbeInterval", "iptablesLockTimeout", "iptablesMarkMask", "iptablesNATOutgoingInterfaceFilter",
    "iptablesPostWriteCheckInterval", "iptablesRefreshInterval", "ipv4ElevatedRoutePriority",
    "ipv4NormalRoutePriority", "ipv6ElevatedRoutePriority", "ipv6NormalRoutePriority", "ipv6Support", "istioDSCPMark",
    "kubeNodePortRanges", "liveMigrationRouteConvergenceTime", "localSubnetL2Reachability",
    "localSubnetL2ReachabilityRefreshInterval", "logActionRateLimit", "logActionRateLimitBurst",
    "logDebugFilenameRegex", "logFilePath", "logPrefix", "logSeverityFile", "logSeverityScreen", "logSeveritySys",
    "maxIpsetSize", "metadataAddr", "metadataPort", "mtuIfacePattern", "natOutgoingAddress", "natOutgoingExclusions",
    "natPortRange", "netlinkTimeout", "nftablesFilterDenyAction", "nftablesFlowTableDataIfacePattern",
    "nftablesFlowTableOffload", "nftablesMarkMask", "nftablesMode", "nftablesRefreshInterval", "nodeSelector",
    "openstackRegion", "policySyncPathPrefix", "programClusterRoutes", "prometheusGoMetricsEnabled",
    "prometheusMetricsCAFile", "prometheusMetricsCertFile", "prometheusMetricsClientAuth", "prometheusMetricsEnabled",
    "prometheusMetricsHost", "prometheusMetricsKeyFile", "prometheusMetricsPort", "prometheusProcessMetricsEnabled",
    "prometheusWireGuardMetricsEnabled", "removeExternalRoutes", "reportingInterval", "reportingTTL",
    "requireMTUFile", "routeRefreshInterval", "routeSource", "routeSyncDisabled", "routeTableRange",
    "routeTableRanges", "serviceLoopPrevention", "usageReportingEnabled", "usageReportingInitialDelay",
    "usageReportingInterval", "useInternalDataplaneDriver", "vxlanMTU", "vxlanMTUV6", "vxlanVNI",
    "windowsManageFirewallRules", "wireguardHostEncryptionEnabled",
    "wireguardInterfaceName", "wireguardInterfaceNameV6", "wireguardKeepAlive",
    "wireguardMTU", "wireguardMTUV6", "wireguardRoutingRulePriority",
    "wireguardThreadingEnabled", "xdpEnabled", "xdpRefreshInterval",
)  # fmt: skip
"""Tuning, logging, routing and address translation, which the verdict on a packet does not depend on."""
