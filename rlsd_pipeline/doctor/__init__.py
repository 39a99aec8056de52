"""What is wrong with a store, and how it is mended: from what the store itself still says."""
