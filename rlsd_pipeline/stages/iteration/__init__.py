"""The stages of an iteration, from the data set to the next policy, and their own parts."""
