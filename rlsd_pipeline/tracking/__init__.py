"""Metrics of every stage, sent to the trackers that an experiment declares.

    tracker.py         what a tracker is; trackers/ has one file each
    accelerate_run.py  runs of accelerate's tracker classes
    tracking.py        the trackers of one process
    metrics.py         the numbers of an artifact that are worth a curve

The artifacts are the record; a tracker shows it to people who look there. It never stops a
training, and nothing is read back from it.
"""
