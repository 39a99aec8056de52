"""Sampling responses: engines behind one Protocol."""
