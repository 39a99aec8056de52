"""The deployment's parts as processes of one machine: what compose starts, without containers."""
