"""Command lines, configuration files and flows that cannot be used."""

from __future__ import annotations

from bad_input.shape import WORLD, Bad

OK = {"in.yaml": WORLD}
EVAL = ("eval", "in.yaml")


def usage(name: str, args: tuple[str, ...], word: str) -> Bad:
    """A row with a good manifest and these arguments."""
    return Bad(name, OK, (("", word),), args, unmarked=1)


def config(name: str, text: str, word: str, *, marked: bool = True) -> Bad:
    """A row with this configuration file and no arguments."""
    return Bad(name, {**OK, ".npverify.yaml": text}, (("", word),), ("prove",), unmarked=0 if marked else 1)


PROVE = ("prove", "in.yaml", "--spec", "ok.npv")

ROWS = [
    usage("nothing to prove and no configuration", ("prove",), "npverify init"),
    usage("manifests without an assertion", ("prove", "in.yaml"), "assertion"),
    usage("a plugin that does not exist", (*PROVE, "--cni", "calcio"), "calico"),
    usage("a switch that does not exist", (*PROVE, "--assume", "ipblock_matches_pod=never"), "ipblock_matches_pods"),
    usage("a value that a switch does not have", (*PROVE, "--assume", "ipblock_matches_pods=often"), "literal"),
    usage("a switch without a value", (*PROVE, "--assume", "ipblock_matches_pods"), "ipblock_matches_pods"),
    usage("a tag that no assertion has", (*PROVE, "--only", "pci"), "pci"),
    usage("an output format that is not there", (*PROVE, "--format", "sarif"), "sarif"),
    usage("a pod range that is none", (*PROVE, "--pod-cidr", "10.244.0.0"), "10.244.0.0"),
    usage("a budget that does not exist", (*PROVE, "--budget", "huge"), "huge"),
    usage("a flow from nowhere", (*EVAL, "--to", "shop/db", "--port", "80"), "--from"),
    usage(
        "a flow to a pod that is not there", (*EVAL, "--from", "shop/web", "--to", "shop/bd", "--port", "80"), "shop/db"
    ),
    usage("a flow without a port", (*EVAL, "--from", "shop/web", "--to", "shop/db"), "port"),
    usage("a flow to port 70000", (*EVAL, "--from", "shop/web", "--to", "shop/db", "--port", "70000"), "65535"),
    usage(
        "a flow with a protocol that does not exist",
        (*EVAL, "--from", "shop/web", "--to", "shop/db", "--port", "1", "--protocol", "tpc"),
        "tpc",
    ),
    usage("a file of flows that is not there", (*EVAL, "--flows", "gone.jsonl"), "gone.jsonl"),
    usage(
        "an explanation of a flow from an unknown pod",
        ("explain", "in.yaml", "--from", "shop/wbe", "--to", "shop/db", "--port", "80"),
        "shop/web",
    ),
    config("an unknown key in the configuration", "paths: [in.yaml]\n▶spces: [ok.npv]\n", "specs"),
    config("a wrong type in the configuration", "paths: [in.yaml]\nspecs: [ok.npv]\ntimeout: ▷soon\n", "number"),
    config(
        "a plugin in the configuration that does not exist",
        "paths: [in.yaml]\nspecs: [ok.npv]\ncni: ▷calcio\n",
        "calico",
    ),
    config("a configuration that is not YAML", "paths: [in.yaml\n", "", marked=False),
    config(
        "a configuration that names a missing path", "paths: [gone.yaml]\nspecs: [ok.npv]\n", "gone.yaml", marked=False
    ),
]
