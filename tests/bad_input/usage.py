"""Command lines, configuration files and flows that cannot be used."""

from __future__ import annotations

from bad_input.shape import WORLD, Bad, message

OK = {"in.yaml": WORLD}
EVAL = ("eval", "in.yaml")


def usage(name: str, args: tuple[str, ...], expected: str) -> Bad:
    """A row with a good manifest and these arguments; `expected` is a code and a word."""
    return Bad(name, OK, (message(expected),), args, unmarked=1)


def config(name: str, text: str, expected: str, *, marked: bool = True) -> Bad:
    """A row with this configuration file and no arguments."""
    return Bad(name, {**OK, ".npverify.yaml": text}, (message(expected),), ("prove",), unmarked=0 if marked else 1)


PROVE = ("prove", "in.yaml", "--spec", "ok.npv")

ROWS = [
    usage("nothing to prove and no configuration", ("prove",), "NPV140 npverify init"),
    usage("manifests without an assertion", ("prove", "in.yaml"), "NPV143 assertion"),
    usage("a plugin that does not exist", (*PROVE, "--cni", "calcio"), "NPV080 calico"),
    usage(
        "a switch that does not exist", (*PROVE, "--assume", "ipblock_matches_pod=never"), "NPV081 ipblock_matches_pods"
    ),
    usage("a value that a switch does not have", (*PROVE, "--assume", "ipblock_matches_pods=often"), "NPV082 literal"),
    usage("a switch without a value", (*PROVE, "--assume", "ipblock_matches_pods"), "NPV145 ipblock_matches_pods"),
    usage("a tag that no assertion has", (*PROVE, "--only", "pci"), "NPV117 pci"),
    usage("an output format that is not there", (*PROVE, "--format", "xml"), "NPV145 xml"),
    usage("a pod range that is none", (*PROVE, "--pod-cidr", "10.244.0.0"), "NPV145 10.244.0.0"),
    usage("a budget that does not exist", (*PROVE, "--budget", "huge"), "NPV145 huge"),
    usage("a flow from nowhere", (*EVAL, "--to", "shop/db", "--port", "80"), "NPV151 --from"),
    usage(
        "a flow to a pod that is not there",
        (*EVAL, "--from", "shop/web", "--to", "shop/bd", "--port", "80"),
        "NPV161 shop/db",
    ),
    usage("a flow without a port", (*EVAL, "--from", "shop/web", "--to", "shop/db"), "NPV160 port"),
    usage("a flow to port 70000", (*EVAL, "--from", "shop/web", "--to", "shop/db", "--port", "70000"), "NPV160 65535"),
    usage(
        "a flow with a protocol that does not exist",
        (*EVAL, "--from", "shop/web", "--to", "shop/db", "--port", "1", "--protocol", "tpc"),
        "NPV160 tpc",
    ),
    usage("a file of flows that is not there", (*EVAL, "--flows", "gone.jsonl"), "NPV153 gone.jsonl"),
    usage(
        "an explanation of a flow from an unknown pod",
        ("explain", "in.yaml", "--from", "shop/wbe", "--to", "shop/db", "--port", "80"),
        "NPV161 shop/web",
    ),
    config("an unknown key in the configuration", "paths: [in.yaml]\n▶spces: [ok.npv]\n", "NPV021 specs"),
    config("a wrong type in the configuration", "paths: [in.yaml]\nspecs: [ok.npv]\ntimeout: ▷soon\n", "NPV020 number"),
    config(
        "a plugin in the configuration that does not exist",
        "paths: [in.yaml]\nspecs: [ok.npv]\ncni: ▷calcio\n",
        "NPV080 calico",
    ),
    config("a configuration that is not YAML", "paths: [in.yaml\n", "NPV005", marked=False),
    config(
        "a configuration that names a missing path",
        "paths: [gone.yaml]\nspecs: [ok.npv]\n",
        "NPV001 gone.yaml",
        marked=False,
    ),
]
