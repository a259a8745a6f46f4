"""A rehearsal, a plan or a status of a scale set that two files of the az CLI describe, without Azure.

The simulator serves the set of the files, and the action reads it as if it were Azure: what follows is the same run.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from azure_simulator import (
    Scenario,
    ScenarioError,
    SimulatedAzure,
    VirtualClock,
    add_flags,
    captured_alone,
    with_inputs,
)
from vmss_rehearsal.copying import rehearse_copy
from vmss_rehearsal.environment import environment
from vmss_upgrade.job.clock import unix_time
from vmss_upgrade.main import run
from vmss_upgrade.reporters.sanitiser.text import shown

OPERATIONS: Final = ("rehearse", "plan", "status")
_IMAGE: Final = re.compile("image(-version|-sku|-offer|-publisher|-id|-uri)?")


def play_files(
    model: Path, instances: Path, folder: Path, inputs: Mapping[str, str], environ: Mapping[str, str]
) -> int:
    """Run the action on the scale set of the files. Returns the exit code. Raises ScenarioError about the files.

    Inputs that name no image get a version that follows the model's, which then exists.
    """
    given = {"operation": "rehearse", **inputs}
    scenario = captured_alone(model, instances, given)
    if given["operation"] != "status" and not any(_IMAGE.fullmatch(name) for name in given):
        given |= image_after(scenario)
        scenario = with_inputs(scenario, given)
    clock = _ClockOfToday()
    azure = SimulatedAzure(scenario, clock)
    return run(
        {**environment(azure, folder, given), **environ},
        clock,
        transport=lambda _clock: azure.transport(),
        simulated=f"{model.name} and {instances.name}",
        rehearse=rehearse_copy,
    )


class _ClockOfToday(VirtualClock):
    """Virtual time that begins at the true date, which `not-after` is compared with."""

    def __init__(self) -> None:
        super().__init__()
        self._date = unix_time()

    def unix_time(self) -> float:
        """Return the date as seconds since 1970."""
        return self._date + self.now()


def image_after(scenario: Scenario) -> dict[str, str]:
    """Return the inputs for an image that follows the model's: the next version, or another managed image or VHD."""
    profile = scenario.scale_set.model["properties"].get("virtualMachineProfile") or {}
    storage = profile.get("storageProfile") or {}
    reference = storage.get("imageReference") or {}
    deployed = [dict(each.image.reference) for each in scenario.scale_set.instances if each.image]
    exact = [each.get("exactVersion", "") for each in deployed]
    if "publisher" in reference:
        return {"image-version": _following(max(*exact, str(reference.get("version", "")), "", key=_as_numbers))}
    for name in ("id", "sharedGalleryImageId", "communityGalleryImageId"):
        if image := str(reference.get(name, "")):
            definition, found, version = re.split(r"(/versions/|$)", image, maxsplit=1, flags=re.IGNORECASE)[:3]
            is_versioned = "/galleries/" in image.lower() or name != "id"
            following = _following(max(*exact, version, "", key=_as_numbers))
            return {"image-id": f"{definition}{found or '/versions/'}{following}" if is_versioned else f"{image}-next"}
    uri = str(((storage.get("osDisk") or {}).get("image") or {}).get("uri", ""))
    return {"image-uri": re.sub(r"(\.vhd)?$", r"-next\1", uri.partition("?")[0], count=1)} if uri else {}


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _following(version: str) -> str:
    start, dot, last = version.rpartition(".")
    return f"{start}{dot}{int(last) + 1}" if last.isdecimal() else "1.0.0"


def inputs_in(text: str) -> dict[str, str]:
    """Return the inputs in words such as `batch-size=10% canary=1`. Raises ValueError for a word without `=`."""
    words = shlex.split(text)
    for word in words:
        if "=" not in word:
            raise ValueError(f"{word!r} is not an input with a value, such as batch-size=10%")
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def split_files(words: Sequence[str], program: str) -> tuple[Path, Path, list[str]]:
    """Return the two files that a command line names, and its other words. Exits with 2 if one is missing."""
    parser = argparse.ArgumentParser(prog=program, add_help=False, allow_abbrev=False)
    add_flags(parser)
    found, others = parser.parse_known_args(words)
    if found.model is None or found.instances is None:
        parser.error("--model and --instances belong together: give both files")
    return found.model, found.instances, others


def play_or_explain(
    model: Path, instances: Path, folder: Path, inputs: Mapping[str, str], environ: Mapping[str, str]
) -> int:
    """Run the action on the files. Returns its exit code; 2 after a sentence about files that cannot be used."""
    try:
        return play_files(model, instances, folder, inputs, environ)
    except (ScenarioError, OSError) as error:
        print(shown(error), file=sys.stderr)
        return 2
