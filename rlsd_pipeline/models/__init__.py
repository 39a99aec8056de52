"""Policies: models with their processors, their shared prompts and their log-probabilities."""
