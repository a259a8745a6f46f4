"""schema/vmss-upgrade.schema.json: an editor and the action judge a file alike, as far as a schema sees."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from test_bad_configurations import CASES
from test_configuration import FILE, environ

from vmss_upgrade.errors import InputError
from vmss_upgrade.inputs import read_configuration

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLE = (PROJECT / "examples" / "vmss-upgrade.yml").read_text()
SCHEMA = json.loads((PROJECT / "schema" / "vmss-upgrade.schema.json").read_text())
VALIDATOR = Draft7Validator(SCHEMA)

# what no schema sees: names that must exist, two values together, and how YAML itself is written
BEYOND = {
    *("two-documents", "anchor", "alias", "tag-of-a-text", "key-twice", "section-twice", "entry-twice"),
    *("entries-that-differ-by-case", "contradiction-of-two-layers", "two-images"),
    *("id-against-its-group", "one-set-in-two-entries", "two-files-of-one-name", "wave-twice"),
    *("unknown-set-in-a-wave", "set-in-two-waves", "merge-key", "query-in-a-flow-mapping"),
}


def reader() -> YAML:
    """Return a reader of YAML 1.2, as editors have it, which knows no dates."""
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)
    return yaml


def accepts_schema(text: str) -> bool | None:
    """Return whether the schema accepts a file as an editor reads it; None if it is not YAML."""
    try:
        found = reader().load(text)
    except YAMLError:
        return None
    return VALIDATOR.is_valid(found)


def accepts_action(folder: Path, text: str) -> bool:
    try:
        read_configuration(environ(folder, {}, text), now=1.8e9)
    except InputError:
        return False
    return True


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", sorted(CASES.keys() - BEYOND))
def test_a_bad_file_is_refused_by_both(name: str, tmp_path: Path) -> None:
    text, _ = CASES[name]
    assert not accepts_action(tmp_path, text)
    assert accepts_schema(text) in (False, None)


def test_all_that_is_beyond_it_is_in_the_table() -> None:
    assert {*CASES} >= BEYOND
    assert sorted(name for name in BEYOND if accepts_schema(CASES[name][0]) is False) == []


WAVE = "scale-sets: { web: }\nwaves: [{ name: w, scale-sets: [web], "


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        pytest.param(EXAMPLE, True, id="example"),
        pytest.param(FILE, True, id="file-of-the-tests"),
        pytest.param("scale-sets: { web: , api: {} }", True, id="entries-without-values"),
        *(
            pytest.param(f"defaults: {{ {value} }}", is_good, id=value)
            for value, is_good in {
                "timeout: 1h30m": True,
                "timeout: PT5M": True,
                "timeout: 30": False,
                "timeout: h": False,
                "bake-time: 30": True,
                "bake-time: '30'": True,
                "bake-time: 30s": True,
                "bake-time: -1": False,
                "batch-size: 3": True,
                "batch-size: '3'": True,
                "batch-size: 0": False,
                "batch-size: 0%": False,
                "batch-size: 100%": True,
                "batch-size: 101%": False,
                "batch-size: 1.5": False,
                "min-healthy: 0": True,
                "min-healthy: 80%": True,
                "canary: 0": True,
                "canary: 10%": False,
                "probe-max-failures: 0": False,
                "allow-downtime: true": True,
                "allow-downtime: 'false'": True,
                "allow-downtime: yes": False,
                "suspend-repairs: 1": False,
                "strategy: zone": True,
                "strategy: zones": False,
                "zones: 1": True,
                "zones: '1, 2'": True,
                "zones: [1, '2']": True,
                "zones: []": False,
                "zones: ['1 2']": False,
                "image-version: 22.04": True,
                "image-version: ''": False,
                "probe-url: [https://a.invalid, https://b.invalid]": True,
                "image-uri: https://a.invalid/x?sig=y": False,
                "tenant-id: '${{ vars.T }}'": False,
            }.items()
        ),
        *(
            pytest.param(f"{WAVE}{value} }}]", is_good, id=f"wave-{value}")
            for value, is_good in {
                "max-parallel: 256": True,
                "max-parallel: 257": False,
                "stop-after-failures: 1": True,
                "bake-time: 30m": True,
                "bake-time: 18001": False,
                "environment: production": True,
                "tag: role=web": True,
                "tag: [a=b, c=]": True,
                "tag: web": False,
                "tag: []": False,
            }.items()
        ),
    ],
)
def test_both_judge_alike(text: str, is_good: bool, tmp_path: Path) -> None:
    assert (accepts_action(tmp_path, text), accepts_schema(text)) == (is_good, is_good)


def test_the_example_names_the_schema_and_is_short() -> None:
    lines = EXAMPLE.splitlines()
    release = "https://raw.githubusercontent.com/org/vmss-upgrade/v1"
    assert lines[0] == f"# yaml-language-server: $schema={release}/schema/vmss-upgrade.schema.json"
    assert len(lines) <= 30
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", "schema/vmss-upgrade.schema.json"]
    done = subprocess.run([*command, "examples/vmss-upgrade.yml"], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
