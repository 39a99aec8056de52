"""One module a stage: read the partition, call the library, report metadata and checks."""
