"""The lines that a process writes, as they come, and at once where somebody wants all that is there."""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Callable
from typing import IO, Final

_CHUNK: Final = 65536


class Lines:
    """Passes on the lines of a pipe. Both methods may be called at the same time.

    Parameters
    ----------
    pipe
        What the process writes into; closed when it has ended.
    write
        Called with each line, in their order, without the line's end.
    """

    def __init__(self, pipe: IO[bytes], write: Callable[[str], None]) -> None:
        self._pipe = pipe
        self._write = write
        self._lock = threading.Lock()
        self._begun = b""
        os.set_blocking(pipe.fileno(), False)

    def follow(self) -> None:
        """Pass on every line until nobody can write any more."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while self.take():
                selector.select()
        with self._lock:
            self._pipe.close()

    def take(self) -> bool:
        """Pass on what was written so far; False where nobody can write any more."""
        with self._lock:
            while not self._pipe.closed:
                try:
                    chunk = os.read(self._pipe.fileno(), _CHUNK)
                except BlockingIOError:
                    return True
                if not chunk:
                    break
                *lines, self._begun = (self._begun + chunk).split(b"\n")
                for line in lines:
                    self._write(line.decode("utf-8", "replace"))
            if self._begun:
                self._write(self._begun.decode("utf-8", "replace"))
                self._begun = b""
            return False
