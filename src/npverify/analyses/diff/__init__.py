"""What a change of manifests does to who may talk to whom: `run` puts the parts together."""
