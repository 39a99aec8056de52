"""Data sources, and the formats and images that they read.

    source.py    the base class: fields are settings, `problems` does the work
    sources/     the built-in ones: easy-VQA, a JSONL file, a data set of the hub, arithmetic
    reading.py   a source becomes problems with a train and a test split

The other files read formats and images.
"""
