"""Many iterations in one run: what the process holds stays there, and Dagster is told of each."""
