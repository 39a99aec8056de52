"""The built-in privileged contexts, one a file.

none.py      nothing: the control that separates the effect of r from the drift of the weights
answer.py    the final answer
solution.py  the reference solution
sibling.py   a successful response of the same group, never the scored one
crop.py      the part of the image that decides
cue.py       a hint in words about the image
feedback.py  the verifier's verdict on the scored response
"""
