"""One question to an OpenAI-compatible endpoint, one reply."""

import json
from typing import Any

from rlsd_pipeline.config.endpoint import JudgeConfig
from rlsd_pipeline.endpoint import Endpoint, EndpointError

_LONGEST_REPLY = 1 << 20
_GIVE_UP_AFTER = 20
"""Failures in a row: an endpoint that is down must not cost a time-out for every response."""


class ChatEndpoint:
    """Asks a model at `/chat/completions`, from any number of threads."""

    def __init__(self, config: JudgeConfig) -> None:
        """Prepare the requests; nothing is sent yet.

        Raises:
            ConfigError: The environment variable of the key is not set, or holds no key.
        """
        self._config = config
        self._url = f"{config.base_url}/chat/completions"
        self._endpoint = Endpoint(config, "the judge", _LONGEST_REPLY)
        self._failures_in_a_row = 0

    def reply(self, system: str, user: str) -> str:
        """The model's reply, without sampling.

        Raises:
            EndpointError: All attempts fail, or the reply holds no text.
        """
        if self._failures_in_a_row >= _GIVE_UP_AFTER:
            raise EndpointError(f"not asked after {_GIVE_UP_AFTER} failures in a row")
        body = {
            "model": self._config.model,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": user},
            ],
            "temperature": 0,
            "max_tokens": self._config.max_tokens,
        }
        try:
            received = self._endpoint.post(self._url, body)
        except EndpointError:
            self._failures_in_a_row += 1
            raise
        self._failures_in_a_row = 0
        return _content(received)


def _content(received: bytes) -> str:
    try:
        reply: Any = json.loads(received)
        content = reply["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise EndpointError("a reply that is no chat completion") from None
    if not isinstance(content, str):
        raise EndpointError("a reply without text")
    return content
