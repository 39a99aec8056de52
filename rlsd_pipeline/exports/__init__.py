"""Exports of tables and credit for other tools.

written.py     a table as Parquet, JSON Lines or a folder of `datasets`
advantages.py  per-token advantages beside token ids, as TRL, verl and prime-rl name them
"""
