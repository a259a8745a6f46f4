"""Texts and runs that try to break out of a log line, an annotation, a table or a file."""

from __future__ import annotations

import re
from dataclasses import replace

from builders import fleet, report_of, run_of, vhd
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report

MEBIBYTE = 1024 * 1024
SECRET = "SIGNATURE"
TEXT = (
    "\r::error::forged ##[error]forged\n::set-output name=outcome::succeeded\x1b[2J\u202e | a | b | <img src=x> "
    "<script>x</script> ```\n``` `x` [x](javascript:x) @everyone </code></details> "
    f"https://account.blob.core.windows.net/c/x.vhd?sv=1&sig={SECRET}"
)
OLD_VHD = vhd(f"https://account.blob.core.windows.net/c/old.vhd?sig={SECRET}")
NEW_VHD = vhd(f"https://account.blob.core.windows.net/c/new.vhd?sig={SECRET}")


def failures(count: int, *, codes: int = 1, length: int = 0) -> tuple[Failure, ...]:
    """Return so many failures of instances 0, 1, 2 ..., each with a message of its own."""
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
    """Return a halted rollout from one VHD with a SAS to another, in which every foreign string is hostile."""
    failed = failures(4) if failed is None else failed
    scale_set = fleet("0123456789" * (instances // 10), old=None, image=OLD_VHD, name=TEXT, location=TEXT)
    scale_set = replace(scale_set, instances=tuple(replace(i, latest_model_applied=False) for i in scale_set.instances))
    ending = Ending(outcome=Outcome.HALTED, reason=f"because {TEXT}", remedy=f"Do {TEXT}", failures=failed)
    return report_of(run_of(scale_set, target=NEW_VHD, failures=failed[:1], ending=ending))


def tables(markdown: str) -> list[list[str]]:
    """Return the rows of each table."""
    found = [block.split("\n") for block in re.split(r"\n(?!\|)", "\n" + markdown)]
    return [rows for lines in found if len(rows := [line for line in lines if line.startswith("|")]) > 1]


def outside_of_fences(markdown: str) -> str:
    return re.sub(r"^(`{3,})sh\n.*?\n\1$", "", markdown, flags=re.M | re.S)


def foreign_tags(markdown: str) -> list[str]:
    """Return HTML that is not one of the four elements that we write."""
    return re.findall(r"<(?!/?(?:code|br|details|summary)>)[^\s\d]", outside_of_fences(markdown))


def assert_sound(markdown: str) -> None:
    assert len(markdown.encode()) < MEBIBYTE
    for rows in tables(markdown):
        assert len({row.count("|") for row in rows}) == 1, "a row has as many cells as its table"
    assert foreign_tags(markdown) == []
    for element in ("code", "details", "summary"):
        assert outside_of_fences(markdown).count(f"<{element}>") == outside_of_fences(markdown).count(f"</{element}>")
    assert SECRET not in markdown
    assert "##[" not in markdown
    assert "\x1b" not in markdown
    assert "@everyone" not in outside_of_fences(markdown)
