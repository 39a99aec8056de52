"""One question to an OpenAI-compatible endpoint, one reply; with deadlines and few attempts."""

import json
import os
import time
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage, IncompleteRead
from typing import IO, Any
from urllib.error import HTTPError, URLError

from rlsd_pipeline.config.judge import JudgeConfig
from rlsd_pipeline.errors import ConfigError, RlsdError

_LONGEST_REPLY = 1 << 20
_PAUSE_SECONDS = 0.5
_GIVE_UP_AFTER = 20
"""Failures in a row: an endpoint that is down must not cost a time-out for every response."""


class EndpointError(RlsdError):
    """The endpoint gave no usable reply; the message never holds the key or the reply."""


class ChatEndpoint:
    """Asks a model at `/chat/completions`, from any number of threads."""

    def __init__(self, config: JudgeConfig) -> None:
        """Prepare the requests; nothing is sent yet.

        Raises:
            ConfigError: The environment variable of the key is not set, or holds no key.
        """
        self._config = config
        self._url = f"{config.base_url}/chat/completions"
        self._headers = {"Content-Type": "application/json", **_authorization(config.api_key_env)}
        self._opener = urllib.request.build_opener(_NoRedirects())
        self._failures_in_a_row = 0

    def reply(self, system: str, user: str) -> str:
        """The model's reply, without sampling.

        Raises:
            EndpointError: There is none after all attempts, or it holds no text.
        """
        if self._failures_in_a_row >= _GIVE_UP_AFTER:
            raise EndpointError(f"not asked after {_GIVE_UP_AFTER} failures in a row")
        body = json.dumps(
            {
                "model": self._config.model,
                "messages": [
                    {"role": "system", "content": system},
                    {"role": "user", "content": user},
                ],
                "temperature": 0,
                "max_tokens": self._config.max_tokens,
            }
        ).encode("ascii")
        try:
            received = self._attempts(body)
        except EndpointError:
            self._failures_in_a_row += 1
            raise
        self._failures_in_a_row = 0
        return _content(received)

    def _attempts(self, body: bytes) -> bytes:
        for attempt in range(self._config.retries + 1):
            if attempt:
                time.sleep(_PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                return self._post(body)
            except HTTPError as error:
                error.close()
                failure = f"HTTP {error.code}"
                if error.code != 429 and error.code < 500:
                    break
            except TimeoutError:
                failure = "timed out"
            except (HTTPException, OSError) as error:
                reason = error.reason if isinstance(error, URLError) else error
                late = isinstance(reason, TimeoutError)
                failure = "timed out" if late else f"connection failed: {type(reason).__name__}"
        raise EndpointError(failure)

    def _post(self, body: bytes) -> bytes:
        request = urllib.request.Request(self._url, body, self._headers)
        deadline = time.monotonic() + self._config.timeout_seconds
        received = bytearray()
        with self._opener.open(request, timeout=self._config.timeout_seconds) as response:
            while piece := response.read1(1 << 16):
                received += piece
                if len(received) > _LONGEST_REPLY:
                    raise EndpointError("a reply of more than a megabyte")
                if time.monotonic() > deadline:
                    raise TimeoutError
            if response.length:
                raise IncompleteRead(bytes(received), response.length)
        return bytes(received)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: the key and the question are for the declared host alone."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


def _authorization(variable: str | None) -> Mapping[str, str]:
    if variable is None:
        return {}
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ConfigError(f"the judge's key: environment variable {variable} is not set")
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(f"the judge's key: {variable} holds what no HTTP header may")
    return {"Authorization": f"Bearer {key}"}


def _content(received: bytes) -> str:
    try:
        reply: Any = json.loads(received)
        content = reply["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise EndpointError("a reply that is no chat completion") from None
    if not isinstance(content, str):
        raise EndpointError("a reply without text")
    return content
