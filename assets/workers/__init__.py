"""What runs in processes of their own and speaks to Dagster through Pipes."""
