"""Scoring a policy on a benchmark: verdicts, steps, intervals, paired differences."""
