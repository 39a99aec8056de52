"""Upkeep of the stages' artifacts: retention, restoring, and stale results."""
