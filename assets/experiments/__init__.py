"""One folder an experiment; its `defs.yaml` declares everything."""
