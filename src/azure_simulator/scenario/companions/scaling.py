"""What a scenario says of a capacity that changes: its limits, and what becomes of new instances."""

from dataclasses import dataclass

from azure_simulator.scenario.section import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """How a change of the capacity goes.

    `quota`: how many instances the cores are enough for. `addresses`: how many the subnet has addresses for, those of
    overprovisioning included. `without_room`: so many of the new instances, the last ones, find no room and fail.
    `unhealthy`: new instances never become healthy. `shows_extras`: overprovisioning's extras are listed while they
    exist. `clears_latest_model`: a change puts every older instance behind the model, as reported
    (Azure/azure-sdk-for-java#32223). `seconds`: how long it takes.
    """

    quota: int | None = None
    addresses: int | None = None
    without_room: int = 0
    unhealthy: bool = False
    shows_extras: bool = False
    clears_latest_model: bool = False
    seconds: float = 40.0


def read_scaling(section: Section) -> Scaling:
    """Read `scaling`."""
    scaling = Scaling(
        quota=section.whole("quota") if section.raw("quota") is not None else None,
        addresses=section.whole("addresses") if section.raw("addresses") is not None else None,
        without_room=section.whole("without_room", 0),
        unhealthy=section.flag("unhealthy", False),
        shows_extras=section.flag("shows_extras", False),
        clears_latest_model=section.flag("clears_latest_model", False),
        seconds=section.number("seconds", 40.0),
    )
    section.finish()
    return scaling
