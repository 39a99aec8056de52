"""Opens the storage behind the URL of a store."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from rlsd_pipeline.artifacts.cache import FileCache
from rlsd_pipeline.artifacts.local_storage import LocalStorage
from rlsd_pipeline.artifacts.object_storage import ObjectStorage
from rlsd_pipeline.artifacts.storage import Storage
from rlsd_pipeline.config.paths import expanded
from rlsd_pipeline.errors import ConfigError

_KINDS = "use a folder, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX"
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}


def open_storage(url: str | Path, cache: FileCache) -> Storage:
    """The storage at a URL; it need not exist yet.

    Raises:
        ConfigError: No file system is known for the URL, its package is missing, it holds
            credentials, or it is misspelt.
    """
    text = str(url)
    protocol = text.partition("://")[0] if "://" in text else ""
    _refuse_credentials(text, protocol)
    _refuse_misspelt(text, protocol)
    # Read when gcsfs is imported; its look for zonal buckets is a call a bucket that needs gRPC.
    os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    try:
        filesystem, root = url_to_fs(text, use_listings_cache=False)
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        command = f"pip install -e '.[{extra}]' in the checkout" if extra else str(error)
        raise ConfigError(f"the store {text} needs a package that is missing: {command}") from error
    except ValueError as error:
        raise ConfigError(f"the store {text}: {error}; {_KINDS}") from error
    if isinstance(filesystem, LocalFileSystem):
        if Path(root).exists() and not Path(root).is_dir():
            raise ConfigError(
                f"the store {text}: a folder is needed there, and a file is in its place: move "
                "the file away, or let RLSD_STORE name another folder"
            )
        return LocalStorage(text, Path(root))
    return ObjectStorage(text, filesystem, root, cache)


def _refuse_credentials(url: str, protocol: str) -> None:
    """A store's URL is printed and recorded."""
    if protocol in _EXTRAS and ("@" in urlsplit(url).netloc or "?" in url):
        raise ConfigError(
            "the URL of a store holds a bucket and a prefix alone, and this one holds something "
            "before `@` or after `?`: give credentials by the environment, the endpoint as "
            "AWS_ENDPOINT_URL"
        )


def _refuse_misspelt(url: str, protocol: str) -> None:
    """Refuse a misspelt URL, which would be taken for a folder or fail at the first write."""
    scheme, colon, rest = url.partition(":")
    if colon and not protocol and (scheme in _EXTRAS or re.match("[a-z][a-z0-9+.-]+:/", url)):
        meant = f"{scheme}://{rest if scheme == 'file' else rest.lstrip('/')}"
        _refuse_credentials(meant, scheme)
        raise ConfigError(
            f"the store {url}: a URL has two slashes after its colon; did you mean {meant}?"
        )
    if protocol in (*_EXTRAS, "file") and not url.partition("://")[2].strip("/"):
        raise ConfigError(f"the store {url} names no bucket and no folder; {_KINDS}")
    if protocol in ("http", "https"):
        raise ConfigError(
            f"the store {url} is a web address, which cannot be written to; {_KINDS}, with the "
            "endpoint of an S3 server in AWS_ENDPOINT_URL"
        )
    expanded(url)
