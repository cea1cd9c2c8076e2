"""Builds what Lambda runs, from any machine: wheels for arm64 and Python 3.13, our code, and bytecode of both.

Called by the makefiles of the layer and the functions, which `sam build` runs.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = "3.13"
# Amazon Linux 2023 has glibc 2.34. pip takes a platform tag literally, so each that wheels are made for is named.
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64", "manylinux_2_34_aarch64")
# What pip leaves beside the packages and nothing at run time reads.
LEFT_BY_PIP = (
    "bin",
    "*.dist-info/RECORD",
    "*.dist-info/REQUESTED",
    "*.dist-info/INSTALLER",
    "*.dist-info/direct_url.json",
)


def install_wheels(requirements: Path, target: Path) -> None:
    """Install the locked wheels for Lambda's platform, whatever this machine is; a wrong hash ends the build."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps", "--require-hashes"]
    command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={RUNTIME}"]
    command += [f"--platform={platform}" for platform in PLATFORMS]
    subprocess.run([*command, f"--requirement={requirements}", f"--target={target}"], check=True)
    for pattern in LEFT_BY_PIP:
        for path in target.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def copy_package(source: Path, target: Path) -> None:
    """Copy a package of ours, without caches and what only development reads."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyi", "*.proto"))


def compile_all(folder: Path) -> None:
    """Compile for the runtime's Python, if this machine has it. Lambda's folders are read-only: without bytecode
    every cold start would compile all again. `unchecked-hash`, because packing changes the files' times.
    """
    found = subprocess.run([ROOT / "tools/find_python.sh", RUNTIME], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        return  # tools/check_build.py says so at the end of `make build`, where it is seen
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder)]
    subprocess.run([found.stdout.strip(), "-m", "compileall", *options, str(folder)], check=True)


def build_layer(source: Path, artifacts: Path) -> None:
    """Lay out the layer: everything below `python/`, which Lambda puts on the path."""
    python = artifacts / "python"
    install_wheels(source / "requirements.txt", python)
    copy_package(source / "access_bridge", python / "access_bridge")
    compile_all(python)


def build_function(source: Path, artifacts: Path) -> None:
    """Lay out a function: its handler module alone; the layer has the rest."""
    artifacts.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "app.py", artifacts)
    compile_all(artifacts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["layer", "function"])
    parser.add_argument("source", type=Path)
    parser.add_argument("artifacts", type=Path)
    arguments = parser.parse_args()
    build = build_layer if arguments.kind == "layer" else build_function
    build(arguments.source.resolve(), arguments.artifacts.resolve())


if __name__ == "__main__":
    main()
