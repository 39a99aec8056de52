"""Requests to an HTTP endpoint as JSON, with deadlines and few attempts."""

import json
import os
import time
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage, IncompleteRead
from typing import IO, Any
from urllib.error import HTTPError, URLError

from rlsd_pipeline.config.endpoint import EndpointConfig
from rlsd_pipeline.errors import ConfigError, RlsdError

_PAUSE_SECONDS = 0.5
_LONGEST_DETAIL = 2000


class EndpointError(RlsdError):
    """The endpoint gave no usable reply; the message never holds the key or the reply.

    Attributes:
        detail: What the endpoint said about a refused request, cut short; empty otherwise.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class Endpoint:
    """Posts JSON, from any number of threads."""

    def __init__(self, config: EndpointConfig, whose: str, longest_reply: int) -> None:
        """Prepare the requests; nothing is sent yet.

        Args:
            config: The endpoint.
            whose: What the endpoint is for, for the message about its key.
            longest_reply: In bytes; a longer one is refused.

        Raises:
            ConfigError: The environment variable of the key is not set, or holds no key.
        """
        self._config = config
        self._headers = {
            "Content-Type": "application/json",
            **_authorization(config.api_key_env, whose),
        }
        self._longest_reply = longest_reply
        self._opener = urllib.request.build_opener(_NoRedirects())

    def post(self, url: str, body: Mapping[str, Any]) -> bytes:
        """The reply to a request, after as many attempts as declared.

        Raises:
            EndpointError: There is no valid reply.
        """
        encoded = json.dumps(body).encode("ascii")
        for attempt in range(self._config.retries + 1):
            if attempt:
                time.sleep(_PAUSE_SECONDS * 2 ** (attempt - 1))
            detail = ""
            try:
                return self._attempt(url, encoded)
            except HTTPError as error:
                failure, detail = f"HTTP {error.code}", _read_detail(error)
                if error.code != 429 and error.code < 500:
                    break
            except TimeoutError:
                failure = "timed out"
            except (HTTPException, OSError) as error:
                reason = error.reason if isinstance(error, URLError) else error
                late = isinstance(reason, TimeoutError)
                failure = "timed out" if late else f"connection failed: {type(reason).__name__}"
        raise EndpointError(failure, detail)

    def _attempt(self, url: str, body: bytes) -> bytes:
        request = urllib.request.Request(url, body, self._headers)
        deadline = time.monotonic() + self._config.timeout_seconds
        received = bytearray()
        with self._opener.open(request, timeout=self._config.timeout_seconds) as response:
            while piece := response.read1(1 << 16):
                received += piece
                if len(received) > self._longest_reply:
                    raise EndpointError(f"a reply of more than {self._longest_reply >> 20} MB")
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


def _read_detail(error: HTTPError) -> str:
    try:
        with error:
            return error.read(_LONGEST_DETAIL).decode("utf-8", "replace")
    except (HTTPException, OSError):
        return ""


def _authorization(variable: str | None, whose: str) -> Mapping[str, str]:
    if variable is None:
        return {}
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ConfigError(f"{whose}'s key: environment variable {variable} is not set")
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(f"{whose}'s key: {variable} holds what no HTTP header may")
    return {"Authorization": f"Bearer {key}"}
