"""Metrics of every stage, sent to the trackers that an experiment declares.

The artifacts are the record; a tracker shows it to people who look there. It never stops a
training, and nothing is read back from it.
"""
