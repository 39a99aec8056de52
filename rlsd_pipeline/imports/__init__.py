"""Imports of other trainers' rollouts: logs are read and written as the tables of an iteration.

    rollout_format.py  a format as a component: it recognises a log and reads its rows
    formats/           one file a format
    row.py             the common form of a row, or the reason why it cannot be used
    records.py         JSON Lines and Parquet, a few records at a time
    naming.py          the problem that a row answers
    tokens.py          the text of a row as token ids, and the other way round
    tables.py          rows as the tables of an iteration
    stages.py          the stages `problems`, `rollouts` and `rewards` as imports
    declaring.py       the YAML of an experiment that is an import
    export.py          tables and per-token advantages for other tools

Nothing of a log is unpickled or executed.
"""
