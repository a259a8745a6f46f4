"""The date and the place of a run, for those who read about it later."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """The date, the place and the author of a run. An unknown text is empty, an unknown date None.

    `began_at` is seconds since 1970, at the moment from which the times of events count. `url` is the address of the
    workflow's run, `portal` the origin of the portal that shows the scale set, `asked_for` the resource id of the scale
    set that the inputs name, `docs` the address of the documents of this release of the action. All texts are foreign.
    `simulated`: it was no run in Azure, but a rehearsal's on a copy.
    """

    began_at: float | None = None
    url: str = ""
    actor: str = ""
    attempt: str = ""
    portal: str = ""
    asked_for: str = ""
    version: str = ""
    docs: str = ""
    simulated: bool = False
