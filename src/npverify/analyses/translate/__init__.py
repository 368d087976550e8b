"""Native policies as Calico ones: what they become, the proof that nothing changes, and a plan that never opens a pod."""
