"""The kinds of answers, one a file, each with the rule by which two of the kind are equal."""
