"""Compiles the .proto files of the product and of the stand-ins, each into Python modules and types beside it."""

import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
# Import roots and the folder below each that has .proto files: their names in imports start at the root.
SOURCES = ((ROOT / "layers/bridge", "access_bridge"), (ROOT, "local"))


def main() -> int:
    well_known = str(files("grpc_tools") / "_proto")
    for root, folder in SOURCES:
        for path in sorted((root / folder).rglob("*.proto")):
            options = [
                f"--proto_path={root}",
                f"--proto_path={well_known}",
                f"--python_out={root}",
                f"--pyi_out={root}",
            ]
            if protoc.main(["protoc", *options, str(path.relative_to(root))]) != 0:
                return 1
            print(f"Compiled {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
