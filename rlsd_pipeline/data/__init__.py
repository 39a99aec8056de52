"""Where problems come from.

    source.py    what a data source is: its fields are its settings, `problems` is the work
    sources/     the built-in ones: easy-VQA, a JSONL file, a data set of the hub, arithmetic
    reading.py   a source becomes problems with a train and a test split

The other files read formats and images.
"""
