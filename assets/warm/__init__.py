"""Warm processes: they have imported the libraries, and keep models between runs."""
