"""Sampling responses.

engine.py         what an engine is; engines/ has one file each
kept.py           the engine of this process for a declaration, asked and believed
answer.py         whether a user's engine gave what it was asked for
exchange.py       what an engine outside this library is asked, and believed
probe.py          whether it samples from the policy that it is said to sample from
decoded_batch.py, decoding.py       sampling in this process
running_vllm.py, vllm_files.py      a vLLM that runs here
served_weights.py                   weights for a server that runs elsewhere
"""
