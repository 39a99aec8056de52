"""What identifies what an experiment names: the content of files, the commit of a hub's id."""
