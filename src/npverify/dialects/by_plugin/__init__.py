"""NetworkPolicies as a plugin has them that departs from the API: rewritten before they are lowered, and stages changed after."""

from npverify.dialects.by_plugin.lower import policy_set

__all__ = ["policy_set"]
