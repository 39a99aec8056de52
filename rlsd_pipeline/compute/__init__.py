"""Places of computation: this process, several devices, or a Ray cluster."""
