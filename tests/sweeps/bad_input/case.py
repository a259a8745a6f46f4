"""One case. A printed case is Python that makes it again."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweeps.bad_input.alterations import Alteration


@dataclass(frozen=True)
class Case:
    """A world, what was given to the action beside its own inputs, and what happens to the answers.

    `renamed`: the instances are called otherwise, in answers and requests alike. `secret`: the client secret that is
    signed in with; without it, with GitHub's token.
    """

    world: str = "uniform"
    inputs: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    renamed: dict[str, str] = field(default_factory=dict)
    alterations: tuple[Alteration, ...] = ()
