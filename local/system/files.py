"""Loads files into the secrets and parameters that the deployed code reads, and again when a file changes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from local.system.settings import SettingError

_INTERVAL = 1.0  # seconds between two looks at the files


class FileWatcher:
    """Calls what was registered for a file whenever that file has changed. A file that is gone keeps its last text."""

    def __init__(self) -> None:
        self._watched: list[tuple[Path, Callable[[str], object]]] = []
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="file-watcher")

    def load(self, file: Path, use: Callable[[str], object]) -> None:
        """Call `use` with the file's text, now and after each change; a SettingError of a later call is printed."""
        self._stamps.setdefault(file, _stamp(file))
        self._watched.append((file, use))
        use(_read(file))

    def start(self) -> None:
        """Begin to watch."""
        if self._watched:
            self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(_INTERVAL):
            for file in self._stamps:
                try:
                    self._look(file)
                except OSError:
                    continue  # replaced just now, or gone: the next look sees
                except SettingError as error:
                    print(error, file=sys.stderr, flush=True)

    def _look(self, file: Path) -> None:
        stamp, text = _stamp(file), _read(file)
        if stamp == self._stamps[file] or not text:  # empty: somebody is writing it just now
            return
        self._stamps[file] = stamp
        for watched, use in self._watched:
            if watched == file:
                use(text)


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_size
