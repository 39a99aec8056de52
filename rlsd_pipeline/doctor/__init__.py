"""Finds damage in a store, and repairs it from what the store itself still holds."""
