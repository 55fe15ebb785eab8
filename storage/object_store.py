"""Talking to an object store: where it is, what is asked again, and what its failures are called.

Credentials are no part of any value here: the store's client takes them from the environment.
"""

from __future__ import annotations

import errno
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl

import pyarrow as pa
from pyarrow import fs

from storage.errors import WarehouseUnusableError

# The standard strategy waits a random part of 1, 2, 4, 8 … 20 s before it asks again after
# throttling, a server's error or a lost connection.
ATTEMPTS = 5
LONGEST_WAIT_S = 20.0
CONNECT_S = 5.0
STALLED_S = 20.0  # without a byte; pyarrow says that Linux ignores it, but measured, it is kept
UPLOADS_AT_ONCE = 8
SMALL_BYTES = 1 << 20  # read whole: one request instead of one for each piece
QUERY = ("endpoint_override", "region", "scheme")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}")
_REFUSED = re.compile(
    "ACCESS_DENIED|INVALID_ACCESS_KEY_ID|SIGNATURE_DOES_NOT_MATCH|INVALID_CLIENT_TOKEN_ID"
    "|MISSING_AUTHENTICATION_TOKEN|UNRECOGNIZED_CLIENT|EXPIRED|HTTP status 40[13]"
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a bucket is.

    Attributes:
        bucket: Its name.
        endpoint: ``host:port`` of the store; Amazon's if none.
        scheme: How it is spoken to.
        region: Its region; looked up if none.
    """

    bucket: str
    endpoint: str | None
    scheme: str
    region: str | None

    @classmethod
    def of(cls, bucket: str, query: str) -> Address:
        """Return the address that a bucket's name, a URI's query and the environment give.

        Raises:
            WarehouseUnusableError: They give none. What was given may hold credentials, and is
                not repeated.
        """
        asked = dict(parse_qsl(query))
        if not _BUCKET.fullmatch(bucket) or not asked.keys() <= {*QUERY}:
            raise WarehouseUnusableError(
                "--warehouse: give s3://BUCKET/PREFIX, with nothing in its query but "
                f"{', '.join(QUERY)}, and credentials by AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY or AWS_PROFILE"
            )
        given = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
        scheme, _, endpoint = asked.get("endpoint_override", given).rpartition("://")
        if not re.fullmatch(r"[A-Za-z0-9.:\[\]-]*", endpoint.rstrip("/")):
            raise WarehouseUnusableError(
                "the endpoint of the object store must be HOST or HOST:PORT, or a URL of that"
            )
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        return cls(
            bucket=bucket,
            endpoint=endpoint.rstrip("/") or None,
            scheme=asked.get("scheme") or scheme or "https",
            region=asked.get("region") or region,
        )


@lru_cache(maxsize=16)
def connect(address: Address) -> fs.S3FileSystem:
    """Return a client of the store, once a process, that has seen the bucket.

    Raises:
        WarehouseUnusableError: There is no such bucket.
        OSError: The store cannot be reached.
    """
    name = f"s3://{address.bucket}"
    try:
        with requesting(name):
            known = address.region or ("us-east-1" if address.endpoint else None)
            store = fs.S3FileSystem(
                endpoint_override=address.endpoint,
                scheme=address.scheme,
                region=known or fs.resolve_s3_region(address.bucket),
                connect_timeout=CONNECT_S,
                request_timeout=STALLED_S,
                retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
                allow_delayed_open=True,  # a small object is one request, not three
            )
            there = store.get_file_info(address.bucket).type is not fs.FileType.NotFound
    except FileNotFoundError:
        there = False
    except PermissionError:  # whoever may use the prefix alone may not ask for the bucket
        there = True
    if not there:
        raise WarehouseUnusableError(
            f"there is no bucket {address.bucket!r}: create it, or give another"
        )
    return store


@contextmanager
def requesting(name: str) -> Iterator[None]:
    """Give what pyarrow raises for a failed request a number and the object's name.

    Raises:
        FileNotFoundError: There is no such object.
        PermissionError: The store refuses the credentials; asking again is of no use.
        OSError: Anything else; asking again may help.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, "there is no such object", name) from error
    except OSError as error:
        if error.errno is not None:  # of the disk that is uploaded from
            raise
        words = re.sub(r"^.*?(?=AWS Error)", "", " ".join(str(error).split()))
        if "NO_SUCH_BUCKET" in words:
            raise WarehouseUnusableError(f"there is no bucket for {name}: create it") from error
        if _REFUSED.search(words):
            advice = "the object store refuses access, check the credentials and what they permit"
            raise PermissionError(errno.EACCES, f"{advice} ({words})", name) from error
        raise OSError(errno.EIO, f"the object store fails ({words})", name) from error


def open_object(store: fs.S3FileSystem, key: str, name: str) -> pa.NativeFile:
    """Return an object for random access, whose errors name it; a small one is read at once."""
    with requesting(name):
        file = store.open_input_file(key)
        if file.size() <= SMALL_BYTES:
            with file:
                return pa.BufferReader(_read(file, None, lambda: _is_gone(store, key)))
    return pa.PythonFile(_NamedFile(file, name), mode="r")


def put_objects(store: fs.S3FileSystem, files: Sequence[tuple[str, Path]], name: str) -> None:
    """Upload files to keys, each whole in one step; if this raises, some may not be there.

    Closing a pyarrow stream completes its upload, even where an exception has left it half
    written, and an interrupt can strike between any two calls. So each object is written by one
    call in a thread, where no interrupt arrives. ``copy_files`` would drop the upload's errors.
    """

    def put(item: tuple[str, Path]) -> None:
        key, file = item
        with pa.memory_map(str(file)) as source:
            content = source.read_buffer()
        with requesting(name):
            stream = store.open_output_stream(key)
            stream.write(content)
            stream.close()

    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as threads:
        list(threads.map(put, files))


def _is_gone(store: fs.S3FileSystem, key: str) -> bool:
    return bool(store.get_file_info(key).type is fs.FileType.NotFound)


def _read(
    file: pa.NativeFile, size: int | None, is_gone: Callable[[], bool] = lambda: False
) -> bytes:
    """Read on from where an object's file is, and ask again where pyarrow's client does not.

    It wants the answer in a buffer of the asked size. A throttling store's words do not fit where
    few bytes were asked for; then the client takes its own complaint about that for the failure.
    So it does where somebody has removed the object since it was opened.

    Raises:
        FileNotFoundError: It is gone.
    """
    for attempt in range(ATTEMPTS - 1):
        try:
            content: bytes = file.read(size)
        except OSError as error:
            if "Failed to flush response stream" not in str(error):
                raise
            if is_gone():
                raise FileNotFoundError(errno.ENOENT, "there is no such object") from error
            time.sleep(random.uniform(0, min(2**attempt, LONGEST_WAIT_S)))
        else:
            return content
    last: bytes = file.read(size)
    return last


class _NamedFile:
    """An object as pyarrow reads it: its failures are told from damage, and name it."""

    def __init__(self, file: pa.NativeFile, name: str) -> None:
        self._file = file
        self._name = name

    @property
    def closed(self) -> bool:
        return bool(self._file.closed)

    def close(self) -> None:
        self._file.close()

    def read(self, size: int | None = None) -> bytes:
        with requesting(self._name):
            return _read(self._file, size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())
