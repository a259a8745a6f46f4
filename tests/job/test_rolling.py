"""The rolling upgrade of a run in the state file: the post step tells it from any other."""

from __future__ import annotations

import pytest

from vmss_upgrade.job.rolling import own_in, value_after
from vmss_upgrade.rollout.native.events import RollAsked, RollCancelling, RollEnded, RollSeen
from vmss_upgrade.rollout.native.roll import Roll, RollCode, RollingPolicy

POLICY = RollingPolicy((("maxBatchInstancePercent", "20"),))


def roll(started: str) -> Roll:
    return Roll(code=RollCode.FORWARD, word="RollingForward", started=started, policy=POLICY)


def test_before_the_write_any_newer_one_by_the_same_policy_is_ours() -> None:
    own = own_in(value_after(RollAsked(former=roll("1"), policy=POLICY), ""))
    assert own is not None
    assert (own.includes(roll("1")), own.includes(roll("2"))) == (False, True)


def test_once_it_was_seen_only_that_one_is_ours() -> None:
    own = own_in(value_after(RollSeen(roll=roll("2")), ""))
    assert own is not None
    assert (own.includes(roll("2")), own.includes(roll("3"))) == (True, False)


def test_after_its_end_nothing_is_saved() -> None:
    assert value_after(RollEnded(), "x") == ""
    assert value_after(RollCancelling(why="x"), "x") == "x", "it may still be at work"


@pytest.mark.parametrize("value", ["", "x", "[]", "{}", '{"policy": 3}', "[" * 9999, '{"policy": ["maxSurge"]}'])
def test_an_unreadable_value_names_none(value: str) -> None:
    assert own_in(value) is None
