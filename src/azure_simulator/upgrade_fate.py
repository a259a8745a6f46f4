"""What will become of one upgrade of one instance: its durations by the seed, its faults by the scenario."""

import random
from collections.abc import Iterable

from azure_simulator import faults as f
from azure_simulator.fleet import FOREVER, Sickness, Upgrade
from azure_simulator.images import DeployedImage
from azure_simulator.scenario import Timing


def decide(
    instance_id: str,
    number: int,
    now: float,
    *,
    image: DeployedImage,
    model: int,
    timing: Timing,
    faults: Iterable[f.InstanceFault],
    has_signal: bool,
    seed: int,
    seconds: float | None = None,
) -> Upgrade:
    """The `number`-th manualupgrade of an instance (1 is the first) that begins `now`, decided to its end.

    Its durations depend on seed, instance and number alone, not on what else happens. `faults` are those of
    this instance; all but a lagging flag strike the first upgrade only. Without a health signal an instance
    counts as healthy once it is provisioned. `seconds`, where given, is how long it takes instead of what the
    seed says.
    """
    draw = random.Random(f"{seed}:{instance_id}:{number}")
    drawn = draw.uniform(*timing.upgrade)
    ended_at = now + (drawn if seconds is None else seconds)
    starting = draw.uniform(*timing.healthy_after) if has_signal else 0.0
    sickness = Sickness(ended_at, ended_at + starting)
    failure, extension, keeps_image, lag = None, "", False, 0.0
    for fault in faults:
        if number != (fault.nth if isinstance(fault, f.FlagLags) else 1):
            continue
        match fault:
            case f.ComesUpUnhealthy(seconds=seconds, flap_seconds=flap, relapses_after=healthy):
                sickness = Sickness(ended_at, FOREVER if seconds is None else ended_at + seconds, flap, healthy)
            case f.ProvisioningFailure(code=code, message=message, extension=extension):
                failure, keeps_image, sickness = (code, message), fault.image == "old", Sickness(ended_at)
            case f.Hangs():
                ended_at, sickness = FOREVER, Sickness(FOREVER)
            case f.StaysOnOldImage():
                keeps_image = True
            case f.FlagLags(seconds=seconds):
                lag = seconds
    return Upgrade(
        started_at=now,
        ended_at=ended_at,
        image=None if keeps_image else image,
        model=model,
        current_at=FOREVER if keeps_image else ended_at + lag,
        sickness=sickness,
        failure=failure,
        failed_extension=extension,
    )
