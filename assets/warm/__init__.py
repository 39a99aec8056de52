"""Processes that have imported before a run comes, and keep its models until the next."""
