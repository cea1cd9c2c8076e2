"""`make build` refuses what could not run on Lambda, and says when a cold start would be slow."""

from pathlib import Path

import pytest

from tools import check_build

HEADER = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00"
ARM = HEADER + (0xB7).to_bytes(2, "little")
X86 = HEADER + (0x3E).to_bytes(2, "little")
UNCHECKED = b"\xf3\r\r\n\x01\x00\x00\x00"
TIMESTAMPED = b"\xf3\r\r\n\x00\x00\x00\x00"


def put(build: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = build / "BridgeLayer" / "python" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return build


GOOD = {
    "lib.cpython-313-aarch64-linux-gnu.so": ARM,
    "lib.abi3.so": ARM,
    "lib-1.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: cp313-cp313-manylinux_2_28_aarch64\n",
    "pure-1.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
    "module.py": b"",
    "__pycache__/module.cpython-313.pyc": UNCHECKED,
}


def test_a_build_for_lambda_passes_and_its_size_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_build.main(put(tmp_path, GOOD)) == 0
    printed = capsys.readouterr()
    assert "BridgeLayer" in printed.out and "MB unzipped" in printed.out
    assert "WARNING" not in printed.err


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("lib.abi3.so", X86, "another processor"),
        ("tool", X86, "another processor"),
        ("lib.so", b"\xcf\xfa\xed\xfe" + bytes(20), "no library for Linux"),
        ("lib.cpython-311-aarch64-linux-gnu.so", ARM, "another Python"),
        ("lib.dll", b"MZ", "another system"),
        ("lib-1.dist-info/WHEEL", b"Tag: cp313-cp313-manylinux_2_28_x86_64\n", "a wheel for"),
    ],
)
def test_a_foreign_file_fails_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, complaint: str
) -> None:
    assert check_build.main(put(tmp_path, GOOD | {name: content})) == 1
    printed = capsys.readouterr().err
    assert f"python/{name}: " in printed and complaint in printed


@pytest.mark.parametrize("bytecode", [None, TIMESTAMPED])
def test_a_build_without_usable_bytecode_passes_with_a_loud_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bytecode: bytes | None
) -> None:
    files = {name: content for name, content in GOOD.items() if not name.endswith(".pyc")}
    if bytecode is not None:
        files["__pycache__/module.cpython-313.pyc"] = bytecode
    assert check_build.main(put(tmp_path, files)) == 0
    assert "WARNING: 1 modules have no bytecode" in capsys.readouterr().err


def test_a_layer_that_lambda_would_refuse_fails_the_build(tmp_path: Path) -> None:
    put(tmp_path, GOOD)
    with (tmp_path / "BridgeLayer" / "big").open("wb") as big:
        big.truncate(260_000_000)
    assert check_build.main(tmp_path) == 1
