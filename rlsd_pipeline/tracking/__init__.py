"""Metrics of every stage, sent to the trackers that an experiment declares.

    tracker.py         the base class of trackers; trackers/ has one file each
    accelerate_run.py  runs of accelerate's tracker classes
    tracking.py        the trackers of one process
    metrics.py         the numbers of an artifact that trackers draw as curves

The artifacts are the record, and a tracker shows a copy. It never stops a training, and nothing is
read back from it.
"""
