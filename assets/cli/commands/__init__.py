"""The commands of `rlsd`, one a file: arguments, help, and the function that does the work."""
