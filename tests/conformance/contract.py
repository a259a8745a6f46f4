"""Recorded traffic of the real Azure and its descriptions: data beside the project, not part of it.

`AZURE_CONTRACT_DIR` names the folder (with `recordings/` and `openapi/`). Without it, or if it is empty, the folder
beside the checkout is used. Without a recording the tests that need one are skipped, with a message; with
`AZURE_CONTRACT_REQUIRED` in the environment, as in `.ci/run`, they fail instead.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "azure-contract"


class NoRecording(Exception):
    """A file among the recordings is not a recording."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One recorded exchange. Header names are in lower case; a header that occurs more than once is a list.

    `position` is the place in the recording, from 0. A JSON body is the parsed value. `kept_of` is (kept, of) for a
    body whose list was cut when the recording was trimmed.
    """

    position: int
    method: str
    url: str
    sent: dict[str, str]
    sent_body: Any
    status: int
    headers: dict[str, str | list[str]]
    body: Any
    kept_of: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded scenario. `recorder` describes the program that recorded it, and the headers that it hides."""

    name: str
    recorder: str
    interactions: tuple[Interaction, ...]


def contract_dir() -> Path | None:
    """Return the folder of the data, None if it has no recording."""
    folder = _named_dir()
    return folder if any((folder / "recordings").glob("*.json")) else None


def missing() -> str:
    """Return a message that the data are missing."""
    return (
        f"The recorded traffic of the real Azure is not here: {_named_dir() / 'recordings'} holds no *.json; "
        "AZURE_CONTRACT_DIR names the folder that holds `recordings`"
    )


def _named_dir() -> Path:
    return Path(os.environ.get("AZURE_CONTRACT_DIR") or _BESIDE)


def needed_contract_dir() -> Path:
    """Return the folder of the data. Skips the test without it, or fails it if the data are required."""
    folder = contract_dir()
    if folder is not None:
        return folder
    if os.environ.get("AZURE_CONTRACT_REQUIRED"):
        pytest.fail(missing())
    pytest.skip(missing())


def recording_names() -> list[str]:
    """Return the names of all recordings in alphabetical order; none without the data."""
    folder = contract_dir()
    return [] if folder is None else sorted(path.stem for path in (folder / "recordings").glob("*.json"))


@cache
def load_recording(name: str) -> Recording:
    """Return one recording by its name. Skips or fails the test without the data.

    Raises NoRecording, which names the file, if it is not JSON or lacks a part of a recording.
    """
    path = needed_contract_dir() / "recordings" / f"{name}.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return Recording(name, str(document["source"].get("recorder", "")), tuple(_interactions(document)))
    except KeyError as error:
        raise NoRecording(f"{path}: is no recording: it has no {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise NoRecording(f"{path}: is no recording: {error}") from error


def _interactions(document: dict[str, Any]) -> Iterator[Interaction]:
    for position, entry in enumerate(document["interactions"]):
        request, response = entry["request"], entry["response"]
        cut = response.get("body_truncated")
        yield Interaction(
            position=position,
            method=request["method"].upper(),
            url=request["url"],
            sent={name.lower(): value for name, value in (request.get("headers") or {}).items()},
            sent_body=request.get("body"),
            status=int(response["status"]),
            headers={name.lower(): value for name, value in (response.get("headers") or {}).items()},
            body=response.get("body"),
            kept_of=(int(cut["kept"]), int(cut["of"])) if cut else None,
        )
