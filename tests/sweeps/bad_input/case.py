"""One case. A printed case is Python that makes it again."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweeps.bad_input.alterations import Alteration


@dataclass(frozen=True)
class Case:
    """A world, the action's inputs besides the world's own, and the changes of its answers.

    `renamed`: new names of the instances, in answers and requests alike. `secret`: the client secret for the sign-in;
    without one, GitHub's token is used.
    """

    world: str = "uniform"
    inputs: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    renamed: dict[str, str] = field(default_factory=dict)
    alterations: tuple[Alteration, ...] = ()
