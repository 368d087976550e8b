"""Objects that the Kubernetes API would refuse: validation rules of NetworkPolicy, then those of what it selects.

Source of the rules: kubernetes pkg/apis/networking/validation/validation.go and apimachinery's label validation.
"""

from __future__ import annotations

from bad_input.shape import WORLD, Bad


def policy(spec: str, name: str = "p", namespace: str = "shop") -> dict[str, str]:
    """A manifest with two pods and a policy that has this spec."""
    indented = "".join(f"  {line}\n" for line in spec.strip("\n").split("\n"))
    return {
        "in.yaml": WORLD + "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n{indented}"
    }


def peer(text: str) -> dict[str, str]:
    """A policy with one ingress rule that has this peer, in flow style."""
    return policy(f"podSelector: {{}}\ningress:\n- from:\n  - {text}")


def port(text: str) -> dict[str, str]:
    """A policy with one ingress rule that has this port entry, in flow style."""
    return policy(f"podSelector: {{}}\ningress:\n- ports:\n  - {text}")


def selector(text: str) -> dict[str, str]:
    """A policy with this podSelector, in flow style."""
    return policy(f"podSelector: {text}")


def raw(text: str) -> dict[str, str]:
    """The two pods, and this text as one more document."""
    return {"in.yaml": WORLD + "---\n" + text}


POLICY = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"

VALIDATION = [
    Bad(
        "a name with a capital and an underscore",
        policy("podSelector: {}", name="▶Db_Policy"),
        (("NPV050", "Db_Policy"),),
    ),
    Bad("a namespace with a dot", policy("podSelector: {}", namespace="▶shop.eu"), (("NPV051", "shop.eu"),)),
    Bad("no name", raw(POLICY + "▷metadata: {namespace: shop}\nspec: {podSelector: {}}\n"), (("NPV050", "name"),)),
    Bad("a label key with two slashes", selector("{matchLabels: {▶a/b/c: x}}"), (("NPV066", "a/b/c"),)),
    Bad("a label key with an empty prefix", selector("{matchLabels: {▶/c: x}}"), (("NPV066", "/c"),)),
    Bad("a label value that starts with a dash", selector("{matchLabels: {app: ▶-x}}"), (("NPV067", "-x"),)),
    Bad("a label value of 64 characters", selector("{matchLabels: {app: ▶" + "x" * 64 + "}}"), (("NPV067", "63"),)),
    Bad("a label value that is a number", selector("{matchLabels: {version: ▶1}}"), (("NPV020", "text"),)),
    Bad("a label value that YAML reads as a boolean", selector("{matchLabels: {canary: ▶yes}}"), (("NPV020", "text"),)),
    Bad(
        "an operator in lower case",
        selector("{matchExpressions: [{key: a, operator: ▶in, values: [x]}]}"),
        (("NPV068", "In"),),
    ),
    Bad(
        "In without values",
        selector("{matchExpressions: [▷{key: a, operator: In, values: []}]}"),
        (("NPV069", "values"),),
    ),
    Bad("NotIn without values", selector("{matchExpressions: [▷{key: a, operator: NotIn}]}"), (("NPV069", "values"),)),
    Bad(
        "Exists with values",
        selector("{matchExpressions: [{key: a, operator: Exists, values: ▷[x]}]}"),
        (("NPV070", "values"),),
    ),
    Bad("an expression without a key", selector("{matchExpressions: [▷{operator: Exists}]}"), (("NPV066", "key"),)),
    Bad("an expression without an operator", selector("{matchExpressions: [▷{key: a}]}"), (("NPV068", "operator"),)),
    Bad(
        "three policy types", policy("podSelector: {}\npolicyTypes: ▷[Ingress, Egress, Ingress]"), (("NPV058", "two"),)
    ),
    Bad("a policy type in lower case", policy("podSelector: {}\npolicyTypes: [▶ingress]"), (("NPV057", "Ingress"),)),
    Bad("a peer that names nobody", peer("▶{}"), (("NPV060", "peer"),)),
    Bad("a peer whose only selector is null", peer("▷{namespaceSelector: null}"), (("NPV060", "peer"),)),
    Bad("a block beside a selector", peer("▷{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}"), (("NPV061", "ipBlock"),)),
    Bad("a block without cidr", peer("{ipBlock: ▷{except: [10.0.0.0/8]}}"), (("NPV062", "cidr"),)),
    Bad("an empty cidr", peer('{ipBlock: {cidr: ▶""}}'), (("NPV062", "cidr"),)),
    Bad("a cidr without prefix length", peer("{ipBlock: {cidr: ▶10.0.0.1}}"), (("NPV062", "10.0.0.1"),)),
    Bad("a cidr that is no address", peer("{ipBlock: {cidr: ▶internal/8}}"), (("NPV062", "internal/8"),)),
    Bad("a cidr with bits behind its prefix", peer("{ipBlock: {cidr: ▶10.0.0.5/24}}"), (("NPV063", "10.0.0.0/24"),)),
    Bad("a cidr with leading zeros", peer("{ipBlock: {cidr: ▶010.0.0.0/8}}"), (("NPV063", "zero"),)),
    Bad("an IPv4 address in IPv6 clothes", peer('{ipBlock: {cidr: ▶"::ffff:10.0.0.0/104"}}'), (("NPV063", "IPv4"),)),
    Bad("a prefix longer than the address", peer("{ipBlock: {cidr: ▶10.0.0.0/33}}"), (("NPV062", "10.0.0.0/33"),)),
    Bad(
        "an exception outside of its block",
        peer("{ipBlock: {cidr: 10.0.0.0/8, except: [▶11.0.0.0/16]}}"),
        (("NPV065", "11.0.0.0/16"),),
    ),
    Bad(
        "an exception that is the whole block",
        peer("{ipBlock: {cidr: 10.0.0.0/8, except: [▶10.0.0.0/8]}}"),
        (("NPV065", "10.0.0.0/8"),),
    ),
    Bad(
        "an exception of the other family",
        peer('{ipBlock: {cidr: 10.0.0.0/8, except: [▶"fd00::/16"]}}'),
        (("NPV065", "fd00::/16"),),
    ),
    Bad("a protocol in lower case", port("{protocol: ▶tcp, port: 80}"), (("NPV071", "TCP"),)),
    Bad("an empty protocol", port('{protocol: ▶"", port: 80}'), (("NPV071", "protocol"),)),
    Bad("a protocol without ports", port("{protocol: ▶ICMP}"), (("NPV071", "ICMP"),)),
    Bad("port 0", port("{port: ▶0}"), (("NPV072", "65535"),)),
    Bad("port 65536", port("{port: ▶65536}"), (("NPV072", "65536"),)),
    Bad("a port number in quotes", port('{port: ▶"80"}'), (("NPV073", "80"),)),
    Bad("a port name with a capital", port("{port: ▶Web}"), (("NPV073", "Web"),)),
    Bad("a port name with two dashes", port("{port: ▶a--b}"), (("NPV073", "a--b"),)),
    Bad("a port name of 16 letters", port("{port: ▶abcdefghijklmnop}"), (("NPV073", "15"),)),
    Bad("a port that is a boolean", port("{port: ▶true}"), (("NPV020", "port"),)),
    Bad("a port that is half a number", port("{port: ▶80.5}"), (("NPV020", "80.5"),)),
    Bad("endPort alone", port("{endPort: ▷90}"), (("NPV074", "endPort"),)),
    Bad("endPort with a named port", port("{port: web, endPort: ▷90}"), (("NPV074", "endPort"),)),
    Bad("a range that ends before it starts", port("{port: 8080, endPort: ▶80}"), (("NPV074", "8080"),)),
    Bad("endPort beyond the last port", port("{port: 80, endPort: ▶70000}"), (("NPV074", "70000"),)),
]

STRUCTURE = [
    Bad(
        "a misspelt key of the object",
        raw("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n▶metadat: {name: p}\nspec: {podSelector: {}}\n"),
        (("NPV021", "metadata"),),
    ),
    Bad(
        "a misspelt field of the spec", policy("podSelector: {}\n▶policytypes: [Ingress]"), (("NPV021", "policyTypes"),)
    ),
    Bad("a misspelt field of a peer", peer("{▶ipblock: {cidr: 10.0.0.0/8}}"), (("NPV021", "ipBlock"),)),
    Bad("a field of another API", policy("podSelector: {}\n▶endpointSelector: {}"), (("NPV021", "endpointSelector"),)),
    Bad("a rule list that is a map", policy("podSelector: {}\ningress: ▷{from: []}"), (("NPV020", "list"),)),
    Bad("a selector that is a list", policy("podSelector: ▷[app]"), (("NPV020", "map"),)),
    Bad(
        "a spec that is text", raw(POLICY + "metadata: {name: p, namespace: shop}\nspec: ▶open\n"), (("NPV020", "map"),)
    ),
    Bad("ports that are numbers", policy("podSelector: {}\ningress:\n- ports: [▶80]"), (("NPV020", "map"),)),
    Bad(
        "an old version of the API",
        raw("apiVersion: ▷extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}}\n"),
        (("NPV053", "networking.k8s.io/v1"),),
    ),
    Bad(
        "a version of the API that does not exist",
        raw("apiVersion: ▷networking.k8s.io/v2\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}}\n"),
        (("NPV053", "networking.k8s.io/v1"),),
    ),
    Bad(
        "a misspelt kind in the group of network policies",
        raw("apiVersion: networking.k8s.io/v1\nkind: ▷NetworkPolcy\nmetadata: {name: p}\nspec: {podSelector: {}}\n"),
        (("NPV056", "NetworkPolicy"),),
    ),
    Bad(
        "a policy language that is not modelled",
        raw(
            "apiVersion: crd.antrea.io/v1beta1\nkind: ▷ClusterNetworkPolicy\nmetadata: {name: p}\nspec: {priority: 1}\n"
        ),
        (("NPV054", "ClusterNetworkPolicy"),),
    ),
    Bad(
        "the same policy twice",
        raw(
            POLICY + "metadata: {name: p, namespace: shop}\nspec: {podSelector: {}}\n---\n"
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n▷metadata: {name: p, namespace: shop}\nspec: {podSelector: {}}\n"
        ),
        (("NPV052", "p"),),
    ),
    Bad(
        "three mistakes in one policy are three messages",
        policy("podSelector: {}\npolicyTypes: [▶ingress]\ningress:\n- from: [▶{}]\n  ports: [{port: ▶0}]"),
        (("NPV057", "Ingress"), ("NPV060", "peer"), ("NPV072", "65535")),
    ),
]

INVENTORY = [
    Bad(
        "a pod label that is a number",
        raw("apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {v: ▶1}}\n"),
        (("NPV020", "text"),),
    ),
    Bad(
        "a pod without a name", raw("apiVersion: v1\nkind: Pod\n▷metadata: {labels: {app: x}}\n"), (("NPV030", "name"),)
    ),
    Bad(
        "the same pod twice",
        raw("apiVersion: v1\nkind: Pod\n▷metadata: {name: web, namespace: shop}\n"),
        (("NPV034", "web"),),
    ),
    Bad(
        "a Deployment whose selector misses its template",
        raw(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, namespace: shop}\nspec:\n"
            "  selector: ▷{matchLabels: {app: x}}\n  template: {metadata: {labels: {app: z}}}\n"
        ),
        (("NPV038", "selector"),),
    ),
    Bad(
        "a pod address that is none",
        raw(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: shop}\nstatus: {phase: Running, podIP: ▶10.0.0.999}\n"
        ),
        (("NPV037", "10.0.0.999"),),
    ),
    Bad(
        "labels that are a list",
        raw("apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: shop, labels: ▷[app]}\n"),
        (("NPV020", "map"),),
    ),
    Bad(
        "a Service port that is text",
        raw("apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {ports: [{port: ▶http}]}\n"),
        (("NPV020", "number"),),
    ),
    Bad(
        "a misspelt field of a pod",
        raw(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: shop}\nspec:\n  ▶hostNetwrok: true\n  containers: [{name: c}]\n"
        ),
        (("NPV021", "hostNetwork"),),
    ),
    Bad(
        "a misplaced field of a template",
        raw(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, namespace: shop}\nspec:\n"
            "  ▶hostNetwork: true\n  template: {spec: {containers: [{name: c}]}}\n"
        ),
        (("NPV021", "spec.template.spec"),),
    ),
    Bad(
        "a workload without a template",
        raw("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, namespace: shop}\n▷spec: {replicas: 1}\n"),
        (("NPV045", "spec.template"),),
    ),
    Bad(
        "policies and nobody to select",
        {"in.yaml": POLICY + "metadata: {name: p, namespace: shop}\nspec: {podSelector: {}}\n"},
        (("NPV144", "pod"),),
        unmarked=1,
    ),
]

ROWS = [*VALIDATION, *STRUCTURE, *INVENTORY]
