"""What the API server adds to an object, as `kubectl get -o yaml` prints it: about 5 KB a pod, most of it without meaning for
the network, all of it to be read and passed over.

The values follow from the name of the object, so that equal clusters stay equal byte for byte.
"""

from __future__ import annotations

import json
from hashlib import md5
from typing import Any

from benchmarks.objects import Object

TIME = "2024-05-14T09:21:33Z"
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"


def fat(thing: Object) -> Object:
    """The object with everything that a cluster says of it, keys in the order of the alphabet as kubectl has them."""
    serial = md5(json.dumps(thing["metadata"]["name"]).encode(), usedforsecurity=False).hexdigest()
    metadata = {
        **thing["metadata"],
        "creationTimestamp": TIME,
        "resourceVersion": str(int(serial[:7], 16)),
        "uid": f"{serial[:8]}-{serial[8:12]}-4{serial[13:16]}-a{serial[17:20]}-{serial[20:]}",
    }
    made = {**thing, "metadata": metadata}
    if thing["kind"] == "Pod":
        _pod(made, serial)
    elif thing["kind"] == "Namespace":
        made |= {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    elif thing["kind"] == "NetworkPolicy":
        metadata["generation"] = 1
        metadata["managedFields"] = [
            _managed("kubectl-client-side-apply", {"f:spec": {"f:podSelector": {}, "f:policyTypes": {}}})
        ]
    return made


def _managed(manager: str, fields: Object, version: str = "v1") -> Object:
    return {
        "apiVersion": version, "fieldsType": "FieldsV1", "fieldsV1": fields, "manager": manager, "operation": "Update",
        "time": TIME,
    }  # fmt: skip


def _pod(made: Object, serial: str) -> None:
    metadata = made["metadata"]
    labels: Object = {"f:" + key: {} for key in metadata.get("labels", {})}
    mount = {"mountPath": TOKEN, "name": f"kube-api-access-{serial[:5]}", "readOnly": True}
    probe = {"failureThreshold": 3, "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
             "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1}  # fmt: skip
    probe["httpGet"]["port"] = 8080  # type: ignore[index]
    containers = []
    for old in made["spec"]["containers"]:
        env = [{"name": f"SETTING_{i}", "value": f"value-{serial[i : i + 6]}"} for i in range(4)]
        ports = {"ports": [{"protocol": "TCP", **port} for port in old["ports"]]} if "ports" in old else {}
        containers.append(
            {
                **old,
                **ports,
                "env": env,
                "imagePullPolicy": "IfNotPresent",
                "livenessProbe": probe,
                "readinessProbe": probe,
                "resources": {
                    "limits": {"cpu": "500m", "memory": "256Mi"},
                    "requests": {"cpu": "50m", "memory": "128Mi"},
                },
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "volumeMounts": [{"mountPath": "/etc/config", "name": "config"}, mount],
            }
        )
    metadata["annotations"] = {
        "checksum/config": serial * 2,
        "kubectl.kubernetes.io/restartedAt": TIME,
        "prometheus.io/port": "9090",
        "prometheus.io/scrape": "true",
    }
    if "ownerReferences" in metadata:
        metadata["generateName"] = metadata["ownerReferences"][0]["name"] + "-"
        metadata["ownerReferences"] = [{**o, "blockOwnerDeletion": True} for o in metadata["ownerReferences"]]
    metadata["managedFields"] = [
        _managed(
            "kube-controller-manager",
            {
                "f:metadata": {"f:annotations": {".": {}}, "f:generateName": {}, "f:labels": {".": {}, **labels}},
                "f:spec": {
                    'f:containers': {'k:{"name":"main"}': {".": {}, "f:env": {".": {}}, "f:image": {}, "f:imagePullPolicy": {}, "f:name": {}, "f:ports": {".": {}}, "f:resources": {}}},
                    "f:dnsPolicy": {}, "f:restartPolicy": {}, "f:schedulerName": {},
                },
            },
        ),
        {**_managed("kubelet", {"f:status": {"f:conditions": {'k:{"type":"Ready"}': {".": {}, "f:status": {}}}, "f:phase": {}, "f:podIP": {}}}), "subresource": "status"},
    ]  # fmt: skip
    made["spec"] = {
        **made["spec"],
        "containers": containers,
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000},
        "serviceAccountName": made["spec"].get("serviceAccountName", "default"),
        "terminationGracePeriodSeconds": 30,
        "tolerations": [
            {"effect": "NoExecute", "key": f"node.kubernetes.io/{key}", "operator": "Exists", "tolerationSeconds": 300}
            for key in ("not-ready", "unreachable")
        ],
        "volumes": [{"configMap": {"defaultMode": 420, "name": "config"}, "name": "config"}, _token(mount["name"])],
    }
    if "status" in made:
        _status(made, serial)


def _token(name: Any) -> Object:
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
        {
            "downwardAPI": {
                "items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]
            }
        },
    ]
    return {"name": name, "projected": {"defaultMode": 420, "sources": sources}}


def _status(made: Object, serial: str) -> None:
    running = made["status"]["phase"] == "Running"
    kinds = ("Initialized", "Ready", "ContainersReady", "PodScheduled") if running else ("PodScheduled",)
    conditions = [{"lastProbeTime": None, "lastTransitionTime": TIME, "status": "True", "type": kind} for kind in kinds]
    status = {**made["status"], "conditions": conditions, "qosClass": "Burstable", "startTime": TIME}
    if running:
        image = f"docker.io/library/app@sha256:{serial}{serial}"
        status["containerStatuses"] = [
            {
                "containerID": f"containerd://{serial}{serial}", "image": "docker.io/library/app:1.0", "imageID": image,
                "lastState": {}, "name": "main", "ready": True, "restartCount": 0, "started": True,
                "state": {"running": {"startedAt": TIME}},
            }
        ]  # fmt: skip
    made["status"] = status
