"""What `rlsd` can be told, one file a command: its arguments, its help, and what it calls."""
