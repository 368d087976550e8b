"""Manifests that a program makes: paths of the form `kustomize:DIR`, `helm:DIR?values=FILE` and `cluster:CONTEXT?namespace=NS`.

`kustomize:` is what `kustomize build` prints (`kubectl kustomize` where that program is not there), `helm:` what `helm template`
prints, `cluster:` what `kubectl get … -o json` has, kind by kind. Parameters stand behind `?`, joined by `&` as in a URL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

from npverify.ingest.cluster import CLUSTER, cluster_files
from npverify.ingest.fields import nearest
from npverify.ingest.programs import find, output
from npverify.ingest.source import Problems, Span

KUSTOMIZE, HELM = "kustomize:", "helm:"
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    KUSTOMIZE: (),
    HELM: ("values", "set", "namespace", "release"),
    CLUSTER: ("namespace",),
}
_ONCE: Mapping[str, tuple[str, ...]] = {KUSTOMIZE: (), HELM: ("namespace", "release"), CLUSTER: ()}


class RenderedFile(NamedTuple):
    """What a program made. `name` is a path that makes it again."""

    name: str
    data: bytes


class _Path(NamedTuple):
    """A path of that form: what it begins with, what it names, and its parameters in their order."""

    scheme: str
    place: str
    parameters: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.parameters if key == name]


def is_rendered(path: str) -> bool:
    """Whether a program makes what a path of the command line leads to."""
    return path.startswith(tuple(_PARAMETERS))


def rendered_parts(path: str) -> tuple[str, str, str]:
    """What a path begins with (`helm:`, or ""), the folder or file that it names, and what stands behind that."""
    scheme = next((scheme for scheme in _PARAMETERS if path.startswith(scheme)), "")
    if not scheme:
        return "", path, ""
    place, mark, parameters = path.removeprefix(scheme).partition("?")
    return scheme, place, mark + parameters


_MEAN_SOMETHING = str.maketrans({char: f"%{ord(char):02X}" for char in "%&+ "})


def rendered_path(scheme: str, place: str, parameters: Sequence[tuple[str, str]] = ()) -> str:
    """The path of that form; what means something in a URL is written as there."""
    behind = "&".join(f"{name}={value.translate(_MEAN_SOMETHING)}" for name, value in parameters)
    return f"{scheme}{place}{'?' if behind else ''}{behind}"


def release_namespace(path: str) -> str:
    """The namespace that a path of a chart names for its release; "" for other paths, and where it names none."""
    scheme, _, behind = rendered_parts(path)
    return next((value for name, value in parse_qsl(behind[1:]) if name == "namespace"), "") if scheme == HELM else ""


def rendered_files(path: str, problems: Problems) -> Iterator[RenderedFile]:
    """What the programs make of a path; none after a report."""
    found = _parsed(path, problems)
    if found is None:
        return
    if found.scheme == CLUSTER:
        for name, listed in cluster_files(path, found.place, found.all("namespace"), problems):
            yield RenderedFile(name, listed)
        return
    command = _kustomize(found, path, problems) if found.scheme == KUSTOMIZE else _helm(found, path, problems)
    if command is None:
        return
    fix = f"run it by hand, and name what it prints: `{command[0]} … | npverify prove -`"
    data = output(command, Span(path), problems, code="NPV411", fix=fix)
    if data is not None:
        yield RenderedFile(path, data)


def _parsed(path: str, problems: Problems) -> _Path | None:
    scheme, place, behind = rendered_parts(path)
    text = behind.removeprefix("?")
    known = _PARAMETERS[scheme]
    before = problems.count
    parameters = tuple(parse_qsl(text, keep_blank_values=True))
    if not place and scheme != CLUSTER:
        problems.error(
            "NPV412", f"`{path}` names no folder", Span(path), f"write {scheme}FOLDER, such as {scheme}deploy"
        )
    if text and not parameters:
        problems.error("NPV412", f"`{path}`: what is behind `?` is no NAME=VALUE", Span(path), _form(scheme))
    for name, value in parameters:
        if name not in known:
            problems.error(
                "NPV412", f"`{path}`: there is no parameter `{name}`", Span(path), nearest(name, known) or _form(scheme)
            )
        elif not value:
            problems.error("NPV412", f"`{path}`: `{name}` has no value", Span(path), _form(scheme))
    for name in _ONCE[scheme]:
        if sum(key == name for key, _ in parameters) > 1:
            problems.error("NPV412", f"`{path}`: `{name}` is there twice", Span(path), "name it once")
    return _Path(scheme, place, parameters) if problems.count == before else None


def _form(scheme: str) -> str:
    known = _PARAMETERS[scheme]
    return f"it takes {', '.join(known)}" if known else f"{scheme} takes no parameters"


def _kustomize(found: _Path, path: str, problems: Problems) -> Sequence[str] | None:
    program = find("kustomize", "kubectl")
    if program is None:
        fix = "install kustomize or kubectl, or name a file with what they print"
        problems.error("NPV414", f"`{path}` needs kustomize or kubectl, and neither is there", Span(path), fix)
        return None
    return [program, "build" if program == "kustomize" else "kustomize", found.place]


def _helm(found: _Path, path: str, problems: Problems) -> Sequence[str] | None:
    if find("helm") is None:
        fix = "install helm, or name a file with what `helm template` prints"
        problems.error("NPV414", f"`{path}` needs the program helm, which is not there", Span(path), fix)
        return None
    if "/" not in found.place and not os.path.exists(found.place):  # with a slash it may be a chart of a repository
        fix = "name the folder that holds Chart.yaml"
        problems.error("NPV412", f"`{path}`: there is no chart `{found.place}`", Span(path), fix)
        return None
    release = next(iter(found.all("release")), "release-name")  # the name that `helm template` takes by itself
    command = ["helm", "template", release, found.place, "--include-crds"]
    for name, option in (("values", "--values"), ("set", "--set"), ("namespace", "--namespace")):
        for value in found.all(name):
            command += [option, value]
    return command
