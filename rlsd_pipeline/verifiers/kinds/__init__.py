"""What an answer may be, one file a kind, each with the rule by which two of the kind are equal."""
