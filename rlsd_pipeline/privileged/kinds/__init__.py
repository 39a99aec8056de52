"""What a teacher may be shown: each file is one context.

none.py      nothing: the control that separates the effect of r from the drift of the weights
answer.py    the final answer
solution.py  the reference solution
sibling.py   a successful response of the same group, another than the one that is scored
crop.py      the part of the image that decides
cue.py       a hint in words at what the image shows
feedback.py  the verifier's verdict on the response that is scored
"""
