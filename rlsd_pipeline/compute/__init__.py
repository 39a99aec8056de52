"""Where heavy work runs: in this process, on several devices, or on a Ray cluster."""
