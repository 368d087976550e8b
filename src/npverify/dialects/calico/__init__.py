"""The dialect of Calico: policies in tiers, on pods and hosts, with sets of addresses and selectors of its own."""
