"""Sampling of responses.

engine.py         the base class of engines; engines/ has one file each
kept.py           the engine of this process for a declaration
answer.py         checks the responses of a user's engine
exchange.py       requests to an external engine, and checks of its answers
probe.py          checks that an external engine samples from the given policy
decoded_batch.py, decoding.py       sampling in this process
running_vllm.py, vllm_files.py      a vLLM in this process
served_weights.py                   weights for a server that runs elsewhere
"""
