"""What counts as a survivor, how it is named, and when the sweep fails."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sweeps.mutants.judging import described, reached, survivors, verdict

PROJECT = Path(__file__).resolve().parents[3]
STATES = {"a": "killed", "b": "survived", "c": "no tests", "d": "timeout", "e": "not checked", "f": "skipped"}
DIFF = """\
# vmss_upgrade.rollout.lineage.x_line_of__mutmut_2: survived
--- src/vmss_upgrade/rollout/lineage.py
+++ src/vmss_upgrade/rollout/lineage.py
@@ -1,4 +1,4 @@
 def line_of(image: Image) -> Line:
-    if (
-        image.is_vhd
-    ):
+    if image.is_vhd and False:
         return ()
"""


def test_a_mutant_that_no_test_reaches_is_no_survivor() -> None:
    assert (reached(STATES), survivors(STATES)) == (["a", "b", "d", "e"], ["b", "e"])


@pytest.mark.parametrize(
    ("name", "function"),
    [
        pytest.param("vmss_upgrade.rollout.lineage.x_line_of__mutmut_2", "lineage.line_of", id="function"),
        pytest.param("vmss_upgrade.rollout.checks.plan.x__older__mutmut_12", "checks.plan._older", id="private"),
        pytest.param(
            "vmss_upgrade.rollout.goal.xǁGoalǁis_reached_by__mutmut_1", "goal.Goal.is_reached_by", id="method"
        ),
    ],
)
def test_a_mutant_is_named_by_what_it_changes_and_not_by_its_number(name: str, function: str) -> None:
    assert described(name, DIFF) == f"{function}: if ( image.is_vhd ): -> if image.is_vhd and False:"


@pytest.mark.parametrize(
    ("lived", "of", "reasons", "wrong"),
    [
        pytest.param([], 0, {}, [], id="no-mutants"),
        pytest.param(["a", "b"], 100, {}, [], id="few-enough"),
        pytest.param(["a", "b"], 100, {"a": "It changes nothing."}, [], id="with-a-reason"),
        pytest.param(["a", "b", "c"], 100, {}, ["3 of 100 mutants survive; at most 2.2% may."], id="too-many"),
        pytest.param(
            ["a", "b", "c"],
            100,
            {"a": "It changes nothing."},
            ["3 of 100 mutants survive; at most 2.2% may."],
            id="a-reason-is-no-excuse",
        ),
        pytest.param(
            ["b"],
            100,
            {"c": "x", "a": "x", "b": "x"},
            ["It has a reason to survive, and does not: a", "It has a reason to survive, and does not: c"],
            id="reasons-that-are-not-needed",
        ),
    ],
)
def test_the_sweep_fails(lived: list[str], of: int, reasons: dict[str, str], wrong: list[str]) -> None:
    assert verdict(lived, of, reasons) == wrong


@pytest.mark.sweep
def test_the_copy_that_is_mutated_has_all_that_the_decisions_tests_read(tmp_path: Path) -> None:
    configured = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    for name in (*configured["source_paths"], *configured["also_copy"], "tests", "pyproject.toml"):
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, tmp_path / name)
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "-p", "no:cacheprovider", "tests/rollout"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
