"""Trains many iterations in one run: models stay in memory, and Dagster receives every stage."""
