"""Credit: each method is one short file that ends in per-token streams.

    grpo.py    every token carries its response's advantage
    rlsd.py    the reward sets a token's direction, the privileged teacher its magnitude
    streams.py what a method reads and what the policy update consumes

The update sums the streams and does not know which method made them.
"""
