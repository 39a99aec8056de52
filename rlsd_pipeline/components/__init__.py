"""What an experiment is made of: built-in parts, and a user's own in the same form.

component.py   a part: its fields are its settings, its method is the work
one_of.py      a place in an experiment where one of a kind is declared
built_in.py    the built-in ones of a kind, found by folder
location.py    `type` as an import path, or as a file beside the YAML, and the class it names
source.py      the code that decides what a user's component does, as a digest
located.py     a path that a component is given, relative to the YAML
shipped.py     a component as JSON for a process that may not see its file
guarded.py     what a user's code raises, as one message with file, line and place
"""
