"""Reading an upload: `multipart/form-data` (RFC 7578) of any length, straight to a file."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fastapi import HTTPException, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELD = b"file"
NO_FILE = 'no file; expected multipart/form-data with a field "file" that holds one'
AT_ONCE = 2**20
"""Bytes that are written at a time."""
MOST_PARTS = 16
"""Of a request: all but one are passed over."""
MOST_HEAD_BYTES = 2**14
"""Of the headers of a part."""


async def receive(request: Request, to: Path) -> str:
    """Write the file of a request to a file.

    Args:
        request: whose body has not been read.
        to: the file to write.

    Returns:
        What the file was called, whatever that is.

    Raises:
        HTTPException: 400, the request is not written as it must be or was cut off; 422, there is no file in it; or as
            reading the body.
        OSError: the file cannot be written.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise HTTPException(422, NO_FILE)
    with to.open("wb") as file:
        parts = _Parts(file)
        try:
            parser = MultipartParser(boundary, parts.callbacks())
            async for chunk in request.stream():
                parser.write(chunk)
                if parts.unwritten >= AT_ONCE:
                    await asyncio.to_thread(parts.write)
        except FormParserError as error:
            raise HTTPException(400, f"no multipart/form-data that can be read ({error})") from error
        except ClientDisconnect as error:
            raise HTTPException(400, "the upload was cut off") from error
        await asyncio.to_thread(parts.write)
    if not parts.ended:
        raise HTTPException(400, "the upload was cut off: its last boundary is missing")
    if parts.name is None:
        raise HTTPException(422, NO_FILE)
    return parts.name


class _Parts:
    """Takes the first file of the right field, and nothing else."""

    def __init__(self, file: BinaryIO) -> None:
        self.name: str | None = None
        self.ended = False
        self.unwritten = 0
        self._file, self._chunks = file, list[bytes]()
        self._parts, self._head, self._is_wanted = 0, 0, False
        self._field, self._value, self._disposition = b"", b"", b""

    def callbacks(self) -> "MultipartCallbacks":
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_field,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._choose,
            "on_part_data": self._add,
            "on_end": self._end,
        }

    def write(self) -> None:
        """Write what has been read."""
        self._file.writelines(self._chunks)
        self._chunks.clear()
        self.unwritten = 0

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise FormParserError(f"more than {MOST_PARTS} parts")
        self._disposition, self._head = b"", 0

    def _add_field(self, data: bytes, start: int, end: int) -> None:
        self._field += self._counted(data[start:end])

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._counted(data[start:end])

    def _counted(self, piece: bytes) -> bytes:
        self._head += len(piece)
        if self._head > MOST_HEAD_BYTES:
            raise FormParserError(f"headers of more than {MOST_HEAD_BYTES} bytes")
        return piece

    def _end_header(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field = self._value = b""

    def _choose(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._is_wanted = self.name is None and options.get(b"name") == FIELD and b"filename" in options
        if self._is_wanted:
            self.name = options[b"filename"].decode(errors="replace")

    def _add(self, data: bytes, start: int, end: int) -> None:
        if self._is_wanted:
            self._chunks.append(data[start:end])
            self.unwritten += end - start

    def _end(self) -> None:
        self.ended = True
