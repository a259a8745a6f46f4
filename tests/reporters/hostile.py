"""Texts and runs that try to break out of a log line, an annotation, a table or a file."""

from __future__ import annotations

from dataclasses import replace

from builders import fleet, report_of, run_of, vhd
from vmss_upgrade.rollout.events import Ending, Outcome
from vmss_upgrade.rollout.health_gate import Failure
from vmss_upgrade.rollout.report import Report

SECRET = "SIGNATURE"
TEXT = (
    "\r::error::forged ##[error]forged\n::set-output name=outcome::succeeded\x1b[2J\u202e | a | b | <img src=x> "
    "<script>x</script> ```\n``` `x` [x](javascript:x) @everyone </code></details> "
    f"https://account.blob.core.windows.net/c/x.vhd?sv=1&sig={SECRET}"
)
OLD_VHD = vhd(f"https://account.blob.core.windows.net/c/old.vhd?sig={SECRET}")
NEW_VHD = vhd(f"https://account.blob.core.windows.net/c/new.vhd?sig={SECRET}")


def failures(count: int, *, codes: int = 1, length: int = 0) -> tuple[Failure, ...]:
    """So many failures of instances 0, 1, 2 ..., each with a message of its own."""
    return tuple(
        Failure(
            instance_id=str(number),
            code=f"Code{number % codes}{TEXT}",
            message=f"{number} {TEXT * (1 + length // len(TEXT))}",
            correlation_id=TEXT,
        )
        for number in range(count)
    )


def halted(instances: int = 20, failed: tuple[Failure, ...] | None = None) -> Report:
    """A halted rollout in which every string that is not ours is hostile, from one VHD with a SAS to another."""
    failed = failures(4) if failed is None else failed
    scale_set = fleet("0123456789" * (instances // 10), old=None, image=OLD_VHD, name=TEXT, location=TEXT)
    scale_set = replace(scale_set, instances=tuple(replace(i, latest_model_applied=False) for i in scale_set.instances))
    ending = Ending(outcome=Outcome.HALTED, reason=f"because {TEXT}", remedy=f"Do {TEXT}", failures=failed)
    return report_of(run_of(scale_set, target=NEW_VHD, failures=failed[:1], ending=ending))
