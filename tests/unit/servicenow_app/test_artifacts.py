"""How the two artifacts are made of a build: the same bytes every time, and a plain sentence where they differ."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from tests.unit.servicenow_app.shipped import PACKAGE, UPDATE_SET, shipped
from tools.servicenow_artifacts import UPDATE_SET as UPDATE_SET_NAME
from tools.servicenow_artifacts import main, package, update_set

_MODULE = """<?xml version="1.0"?>
<record_update><sys_module action="INSERT_OR_UPDATE"><sys_id>1</sys_id><content><![CDATA[{{
  "bomFormat": "CycloneDX", "serialNumber": "urn:uuid:{id}",
  "metadata": {{ "timestamp": "{time}" }} }}]]></content></sys_module></record_update>
"""
_APP = """<?xml version="1.0"?>
<record_update table="sys_app"><sys_app action="INSERT_OR_UPDATE"><sys_id>{id}</sys_id><name>Sample &amp; Co</name>
<scope>x_sample</scope><version>1.0.0</version><package_json>x/package.json</package_json></sys_app></record_update>
"""
_RULE = """<?xml version="1.0"?>
<record_update table="sys_script"><sys_script action="INSERT_OR_UPDATE"><sys_id>1</sys_id><name>Rule</name>
<collection>x_sample_table</collection><script><![CDATA[if (1 < 2 && true) {}]]></script></sys_script></record_update>
"""


def _packed(path: Path, chance: str, when: tuple[int, int, int, int, int, int]) -> Path:
    module = _MODULE.format(id=chance, time=f"2026-01-01T00:00:0{when[5]}.000Z").encode()
    files = {"/update/sys_module_1.xml": module, "/update/sys_script_1.xml": _RULE.encode()}
    lines = [f"{name.lstrip('/')};{hashlib.sha256(content).hexdigest()}" for name, content in files.items()]
    files["/package_inventory.csv"] = "\n".join(["#type=scoped", *lines]).encode()
    with zipfile.ZipFile(path, "w") as target:
        for name, content in files.items():
            target.writestr(zipfile.ZipInfo(name, when), content)
    return path


def _app(folder: Path, record: str = _RULE) -> Path:
    (folder / "scope").mkdir(parents=True)
    (folder / "update").mkdir()
    (folder / "scope" / "sys_app_1.xml").write_text(_APP.format(id="a" * 32))
    (folder / "update" / "sys_script_1.xml").write_text(record)
    (folder / "update" / "sys_module_1.xml").write_text(_MODULE.format(id="m", time="now"))
    return folder


def test_two_builds_of_the_same_sources_make_the_same_package(tmp_path: Path) -> None:
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    package(_packed(tmp_path / "a.zip", "aaaa", (2026, 1, 1, 0, 0, 0)), first)
    package(_packed(tmp_path / "b.zip", "bbbb", (2027, 2, 2, 2, 2, 2)), second)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("made", [True, False], ids=["a new package", "the committed package"])
def test_the_inventory_of_a_package_has_the_digest_of_every_file_in_it(tmp_path: Path, made: bool) -> None:
    path = tmp_path / "out.zip" if made else PACKAGE
    if made:
        package(_packed(tmp_path / "a.zip", "aaaa", (2026, 1, 1, 0, 0, 0)), path)
    with zipfile.ZipFile(path) as source:
        files = {name.lstrip("/"): source.read(name) for name in source.namelist()}
    listed = dict(
        line.split(";") for line in files.pop("package_inventory.csv").decode().splitlines() if not line.startswith("#")
    )
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def test_both_artifacts_have_the_same_records() -> None:
    with zipfile.ZipFile(PACKAGE) as source:
        stems = {Path(name).stem for name in source.namelist() if "/dictionary/" not in name and name.endswith(".xml")}
    assert {one.name for one in shipped()} == {stem for stem in stems if not stem.startswith("sys_module_")}


def test_an_update_set_is_made_of_the_records_and_leaves_out_the_sdks_own(tmp_path: Path) -> None:
    text = update_set(_app(tmp_path / "app"))
    assert "&lt;name&gt;Sample &amp;amp; Co&lt;/name&gt;" in text
    assert "sys_module" not in text
    assert "package.json" not in text
    assert text == update_set(_app(tmp_path / "again"))


def test_a_record_of_a_kind_that_nobody_thought_of_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no name is known for the kind of sys_properties"):
        update_set(_app(tmp_path / "app", _RULE.replace("sys_script", "sys_properties")))


def test_what_is_committed_and_not_what_was_built_is_said_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built, committed = tmp_path / "built", tmp_path / "committed"
    for folder in (built, committed):
        folder.mkdir()
        for path in (PACKAGE, UPDATE_SET):
            (folder / path.name).write_bytes(path.read_bytes())
    assert main(["--compare", str(built), str(committed)]) == 0
    (committed / UPDATE_SET_NAME).write_text("something else")
    capsys.readouterr()
    assert main(["--compare", str(built), str(committed)]) == 1
    said = capsys.readouterr().out
    assert f"{committed / UPDATE_SET_NAME} isn't what the sources make." in said
    assert "copy" in said
