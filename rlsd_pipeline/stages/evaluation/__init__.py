"""The stages that score a policy on benchmarks, and the table of all scores."""
