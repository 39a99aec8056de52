"""Components: the exchangeable parts of an experiment, built in or written by a user.

component.py   the base class: fields are settings, a method does the work
one_of.py      the type of a config field that declares one component of a kind
built_in.py    the built-in components of a kind, found by folder
location.py    `type` as an import path or as a file beside the YAML, and the class it names
source.py      the digest of a user's code
located.py     paths in a component's settings, relative to the YAML
shipped.py     a component as JSON for a process that may not see its file
guarded.py     exceptions of a user's code as one message with file, line and place
"""
