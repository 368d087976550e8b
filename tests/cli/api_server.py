"""A small API server for `kubectl`: discovery, and lists of the objects that a test gives it; all else is not found or forbidden.

It speaks as much of the Kubernetes API as `kubectl get -o json` and `kubectl api-resources` ask for (kubernetes/apimachinery
meta/v1 APIGroupList, APIResourceList, Status), so that the real kubectl is what the tests run.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Resource(NamedTuple):
    """A resource as discovery tells of it."""

    group: str
    version: str
    name: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


RESOURCES = (
    Resource("", "v1", "namespaces", "Namespace", namespaced=False),
    Resource("", "v1", "nodes", "Node", namespaced=False),
    Resource("", "v1", "pods", "Pod"),
    Resource("", "v1", "services", "Service"),
    Resource("", "v1", "secrets", "Secret"),
    Resource("apps", "v1", "deployments", "Deployment"),
    Resource("apps", "v1", "replicasets", "ReplicaSet"),
    Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
    Resource("crd.projectcalico.org", "v1", "networkpolicies", "NetworkPolicy"),
)


@contextmanager
def serving(
    objects: Sequence[Mapping[str, Any]], folder: Path, forbidden: Sequence[str] = ()
) -> Iterator[tuple[Path, list[str]]]:
    """A kubeconfig for a server that has these objects, and the paths that it was asked for. `forbidden` are resources."""
    asked: list[str] = []
    handler = type(
        "Handler", (_Handler,), {"objects": tuple(objects), "forbidden": frozenset(forbidden), "asked": asked}
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = folder / "kubeconfig"
    config.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
                "users": [{"name": "u", "user": {}}],
                "contexts": [
                    {"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("test", "arn:x:cluster/two")
                ],
                "current-context": "test",
            }
        ),
        encoding="utf-8",
    )
    try:
        yield config, asked
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    objects: tuple[Mapping[str, Any], ...]
    forbidden: frozenset[str]
    asked: list[str]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.asked.append(path)
        status, value = self._answer([part for part in path.split("/") if part])
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Say nothing."""

    def _answer(self, parts: list[str]) -> tuple[int, Mapping[str, Any]]:
        match parts:
            case ["api"]:
                return 200, {"kind": "APIVersions", "versions": ["v1"]}
            case ["apis"]:
                return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(_groups())}
            case ["api", version]:
                return 200, _resources("", version)
            case ["apis", group, version]:
                return 200, _resources(group, version)
            case ["api", version, *rest]:
                return self._list("", version, rest)
            case ["apis", group, version, *rest]:
                return self._list(group, version, rest)
        return 404, _status(404, "NotFound", "the server could not find the requested resource")

    def _list(self, group: str, version: str, rest: list[str]) -> tuple[int, Mapping[str, Any]]:
        namespace = rest[1] if len(rest) == 3 and rest[0] == "namespaces" else ""
        name = rest[-1]
        if name in self.forbidden:
            return 403, _status(403, "Forbidden", f'{name} is forbidden: User "ci" cannot list resource "{name}"')
        found = next((r for r in RESOURCES if (r.group, r.version, r.name) == (group, version, name)), None)
        if found is None:  # one object, which is not there yet
            return 404, _status(404, "NotFound", f'"{name}" not found')
        items = [
            dict(item)
            for item in self.objects
            if (item["apiVersion"], item["kind"]) == (found.api_version, found.kind)
            and namespace in ("", item["metadata"].get("namespace"))
        ]
        return 200, {"kind": f"{found.kind}List", "apiVersion": found.api_version, "metadata": {}, "items": items}


def _groups() -> Iterator[Mapping[str, Any]]:
    for group, version in dict.fromkeys((r.group, r.version) for r in RESOURCES if r.group):
        named = {"groupVersion": f"{group}/{version}", "version": version}
        yield {"name": group, "versions": [named], "preferredVersion": named}


def _resources(group: str, version: str) -> Mapping[str, Any]:
    found = [
        {"name": r.name, "singularName": "", "namespaced": r.namespaced, "kind": r.kind, "verbs": ["get", "list"]}
        for r in RESOURCES
        if (r.group, r.version) == (group, version)
    ]
    name = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": found}


def _status(code: int, reason: str, message: str) -> Mapping[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "message": message,
        "code": code,
    }
