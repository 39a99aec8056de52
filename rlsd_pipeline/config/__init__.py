"""What a user declares: the experiment and its parts, as Pydantic models."""
