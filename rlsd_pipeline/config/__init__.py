"""The declared experiment and its parts, as Pydantic models."""
