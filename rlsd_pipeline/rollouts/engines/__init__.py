"""The engines: each is one file that turns prompts into sampled completions.

    transformers.py  in this process, with the model that is trained
    vllm.py          by a vLLM that this process starts once and updates with the newest weights
    openai.py        by a running vLLM or SGLang server

An experiment can declare every `Engine` in a file here; no list has to be changed. An engine of a
user's own, beside the YAML or in a package, has the same form.
"""

from typing import TYPE_CHECKING, TypeAlias

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.rollouts.engine import Engine

ENGINES = built_in(__name__, __path__, Engine)
"""Every built-in engine, by the name of its file."""

if TYPE_CHECKING:
    EngineConfig: TypeAlias = Engine
else:
    EngineConfig = one_of(Engine, ENGINES)
