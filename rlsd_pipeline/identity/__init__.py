"""The identity of files and hub ids in an experiment: the content, or the commit."""
