"""Equality of expressions, decided by math-verify in a process that may be killed."""
