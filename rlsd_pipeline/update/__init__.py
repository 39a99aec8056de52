"""The policy update: it consumes per-token streams and does not know which method made them."""
