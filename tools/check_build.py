"""Checks what `sam build` made: only files that run on Lambda's arm64 with Python 3.13, with bytecode; prints sizes."""

import io
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

AARCH64 = 0xB7  # e_machine of ELF
TAG = "cpython-313"
UNCHECKED_HASH = 0b01  # PEP 552: hash-based, source not looked at
FOREIGN = {".dll", ".dylib", ".exe", ".pyd", ".bat"}
LIMIT_MB = 250  # Lambda's limit for a function with its layers, unzipped


@dataclass(frozen=True, slots=True)
class Artifact:
    """One folder that is uploaded: a function or the layer."""

    name: str
    folder: Path

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def megabytes(self) -> float:
        return sum(path.stat().st_size for path in self.files()) / 1e6

    def zipped_megabytes(self) -> float:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in self.files():
                archive.write(path, path.relative_to(self.folder))
        return len(packed.getvalue()) / 1e6


def foreign_files(artifact: Artifact) -> Iterator[str]:
    """What could not run on Lambda: libraries for another processor or Python, wheels of another platform."""
    for path in artifact.files():
        name = path.relative_to(artifact.folder)
        head = path.read_bytes()[:20]
        if path.suffix in FOREIGN:
            yield f"{name}: made for another system"
        elif head.startswith(b"\x7fELF") and int.from_bytes(head[18:20], "little") != AARCH64:
            yield f"{name}: made for another processor"
        elif path.suffix == ".so" and not head.startswith(b"\x7fELF"):
            yield f"{name}: no library for Linux"
        elif "cpython-" in path.name and TAG not in path.name:
            yield f"{name}: made for another Python"
        elif path.name == "WHEEL":
            tags = [line.removeprefix("Tag: ") for line in path.read_text().splitlines() if line.startswith("Tag: ")]
            if not any(tag.endswith(("-any", "_aarch64")) for tag in tags):
                yield f"{name}: a wheel for {', '.join(tags)}"


def without_bytecode(artifact: Artifact) -> Iterator[Path]:
    """Modules whose bytecode for the runtime's Python is absent or would be compared with the source at each start."""
    for path in artifact.files():
        if path.suffix == ".py":
            compiled = path.parent / "__pycache__" / f"{path.stem}.{TAG}.pyc"
            if not compiled.exists() or compiled.read_bytes()[4] != UNCHECKED_HASH:
                yield path.relative_to(artifact.folder)


def main(folder: Path) -> int:
    artifacts = [Artifact(path.name, path) for path in sorted(folder.iterdir()) if path.is_dir()]
    if not artifacts:
        print(f"Nothing is in {folder}. Run: make build", file=sys.stderr)
        return 1
    failed = False
    uncompiled: list[str] = []
    for artifact in artifacts:
        size, zipped = artifact.megabytes(), artifact.zipped_megabytes()
        print(f"{artifact.name:30}{size:7.1f} MB unzipped {zipped:7.1f} MB zipped {len(artifact.files()):6} files")
        for complaint in foreign_files(artifact):
            failed = True
            print(f"  {complaint}", file=sys.stderr)
        uncompiled += [f"{artifact.name}/{module}" for module in without_bytecode(artifact)]
    total = sum(artifact.megabytes() for artifact in artifacts)
    if total > LIMIT_MB:
        failed = True
        print(f"Together {total:.0f} MB, and Lambda takes {LIMIT_MB}.", file=sys.stderr)
    if failed:
        return 1
    print("All libraries are for arm64 Linux and Python 3.13.")
    if uncompiled:
        print(
            f"\nWARNING: {len(uncompiled)} modules have no bytecode for Python 3.13, e.g. {uncompiled[0]}.\n"
            "It works, but each cold start takes about three times as long.\n"
            "Install Python 3.13 (or name it: make PYTHON=/path/to/python3.13 build) and build again.\n",
            file=sys.stderr,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
