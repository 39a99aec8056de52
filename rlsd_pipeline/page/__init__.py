"""The page of an experiment in Markdown, with pictures, made from a record of numbers alone.

record.py      all numbers of a page, and where they are from
collect.py     reads a record from the store
sections.py    the tables and sentences
pictures.py    the pictures
document.py    writes and reads the files of a page
"""
