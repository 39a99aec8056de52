"""Workers in processes of their own, which report to Dagster through Pipes."""
