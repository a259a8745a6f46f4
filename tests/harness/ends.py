"""The expected end of a run, as a row of a table, and the checks that compare a run with it."""

import re
from dataclasses import dataclass

from harness.playing import Played

ALL = "0,3 1,4 2,5"  # three update domains of two instances, one after another
FIRST = "0,3"


@dataclass(frozen=True, kw_only=True)
class Ends:
    """The expected end of a run. Ids are separated by spaces, those of one batch by commas.

    `batches`: the instances of each upgrade request, in order. `upgraded` (None: all of them), `failed`, `returned`,
    `skipped`: the outputs. `away`: the largest number of unavailable instances at one moment. `says` and `lacks`:
    regular expressions that the log must or must not match.
    """

    outcome: str
    batches: str = ""
    upgraded: str | None = None
    failed: str = ""
    returned: str = ""
    skipped: str = ""
    away: int = 2
    says: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


def succeeds(*says: str, batches: str = ALL, lacks: tuple[str, ...] = (), away: int = 2, **more: str) -> Ends:
    """Expect a run that reaches every existing instance."""
    return Ends(outcome="succeeded", batches=batches, says=says, lacks=lacks, away=away, **more)


def halts(*says: str, batches: str = FIRST, lacks: tuple[str, ...] = (), away: int = 2, **more: str) -> Ends:
    """Expect a run that stops at its first error; by default it upgraded no instance."""
    given = {"upgraded": "", **more}
    return Ends(outcome="halted", batches=batches, says=says, lacks=lacks, away=away, **given)


def returns(*says: str, batches: str, away: int = 2, **more: str) -> Ends:
    """Expect a run that undoes everything it did."""
    return Ends(outcome="rolled-back", batches=batches, upgraded="", away=away, says=says, **more)


def refuses(*says: str, lacks: tuple[str, ...] = (), away: int = 0) -> Ends:
    """Expect a run that writes nothing."""
    return Ends(outcome="refused", says=("Refused", *says), lacks=lacks, away=away)


def assert_ends(run: Played, ends: Ends) -> None:
    """Check the outcome, the batches, and the instances in the outputs."""
    assert run.outcome == ends.outcome, run.log
    assert (run.exit_code == 0) is (ends.outcome in ("succeeded", "reported"))
    batches = [[_name(id_) for id_ in batch.split(",")] for batch in ends.batches.split()]
    assert [list(upgrade.instance_ids) for upgrade in run.azure.upgrades] == batches, run.log
    upgraded = ends.batches.replace(",", " ") if ends.upgraded is None else ends.upgraded
    assert sorted(run.ids("upgraded")) == _spelled(upgraded)
    assert sorted(run.ids("failed")) == _spelled(ends.failed)
    assert sorted(run.ids("rolled-back")) == _spelled(ends.returned)
    assert sorted(each["instance_id"] for each in run.record.get("skipped", ())) == _spelled(ends.skipped)


def assert_says(run: Played, ends: Ends) -> None:
    """Check the texts of the log."""
    assert [words for words in ends.says if not re.search(words, run.log)] == [], run.log
    assert [words for words in ends.lacks if re.search(words, run.log)] == [], run.log
    assert run.bugs == [] and "NotSimulated" not in run.log


def _spelled(ids: str) -> list[str]:
    return sorted(map(_name, ids.split()))


def _name(id_: str) -> str:
    """Expand the short name m3 of a machine of a Flexible set."""
    return re.sub(r"^m(?=\d$)", "simulated-set_0000000", id_)
