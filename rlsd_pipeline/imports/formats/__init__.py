"""Formats of rollouts: each file is one, named as the trainer that writes it.

    trl.py            completions/*.parquet of TRL's `log_completions`
    verl.py           rollout_data_dir/*.jsonl of verl, and of what is built on it
    ms_swift.py       completions.jsonl of ms-swift
    prime_rl.py       rollouts/step_N/**/traces.jsonl, or train_rollouts.jsonl, of prime-rl
    slime.py          the samples of slime's --save-debug-rollout-data, as JSON Lines
    nemo_rl.py        train_data_step*.jsonl of NeMo-RL
    open_instruct.py  *_rollouts_*.jsonl of open-instruct's --save_traces
    generic.py        any JSON Lines or Parquet, by the names of its columns

An experiment can declare every `RolloutFormat` in a file here; no list has to be changed. A format
of a user's own, beside the YAML or in a package, has the same form.
"""

from typing import TYPE_CHECKING, TypeAlias

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.imports.rollout_format import RolloutFormat

FORMATS = built_in(__name__, __path__, RolloutFormat)
"""Every built-in format, by the name of its file."""

if TYPE_CHECKING:
    FormatConfig: TypeAlias = RolloutFormat
else:
    FormatConfig = one_of(RolloutFormat, FORMATS)
