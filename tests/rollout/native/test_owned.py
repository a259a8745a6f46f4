"""Which rolling upgrade is ours: only that one is ever cancelled."""

from __future__ import annotations

import pytest

from vmss_upgrade.rollout.native.owned import OwnRoll, OwnState
from vmss_upgrade.rollout.native.roll import Roll, RollCode, RollingPolicy

POLICY = RollingPolicy((("maxBatchInstancePercent", "20"), ("maxSurge", "false")))
OTHER_POLICY = RollingPolicy((("maxBatchInstancePercent", "50"),))


def roll(started: str, policy: RollingPolicy = POLICY, code: RollCode = RollCode.FORWARD) -> Roll:
    return Roll(code=code, word=code.value, started=started, policy=policy)


@pytest.mark.parametrize(
    ("own", "latest", "is_ours"),
    [
        pytest.param(OwnRoll(policy=POLICY), roll("2"), False, id="nothing-was-asked"),
        pytest.param(OwnRoll(policy=POLICY, asked=True), None, False, id="there-is-none"),
        pytest.param(OwnRoll(policy=POLICY, asked=True), roll("2"), True, id="the-first-one-ever"),
        pytest.param(OwnRoll(policy=POLICY, former=roll("1"), asked=True), roll("1"), False, id="latest-lags"),
        pytest.param(OwnRoll(policy=POLICY, former=roll("1"), asked=True), roll("2"), True, id="a-new-one"),
        pytest.param(
            OwnRoll(policy=POLICY, former=roll("later"), asked=True),
            roll("earlier"),
            True,
            id="starts-without-an-order",
        ),
        pytest.param(
            OwnRoll(policy=POLICY, former=roll("1"), asked=True), roll("2", OTHER_POLICY), False, id="another-policy"
        ),
        pytest.param(
            OwnRoll(policy=POLICY, asked=True),
            roll("2", RollingPolicy((("maxBatchInstancePercent", "20"),))),
            True,
            id="an-older-version-shows-less",
        ),
        pytest.param(OwnRoll(policy=POLICY, asked=True), roll(""), False, id="without-a-start"),
        pytest.param(OwnRoll(policy=POLICY, asked=True, seen=roll("2")), roll("3"), False, id="another-one-since"),
        pytest.param(
            OwnRoll(policy=POLICY, asked=True, seen=roll("2")),
            roll("2", code=RollCode.FAULTED),
            True,
            id="ours-has-ended",
        ),
    ],
)
def test_only_a_roll_of_this_run_is_ours(own: OwnRoll, latest: Roll | None, is_ours: bool) -> None:
    assert own.includes(latest) is is_ours


def test_another_roll_at_work_is_not_ours() -> None:
    own = OwnRoll(policy=POLICY, former=roll("1"), asked=True)
    assert not own.take(roll("1")), "latest lags"
    assert not own.take(roll("2"))
    assert own.take(roll("3"))
    assert not own.take(None)
    assert own.seen == roll("2")


FIRST, SECOND = "2026-01-01T00:00:02.400000+00:00", "2026-01-01T00:00:03.400000+00:00"


@pytest.mark.parametrize(
    ("seen", "latest", "state"),
    [
        pytest.param(None, None, OwnState.UNCLEAR, id="there-is-none"),
        pytest.param(None, roll(FIRST), OwnState.AT_WORK, id="it-begins"),
        pytest.param(roll(SECOND), roll(SECOND), OwnState.AT_WORK, id="at-work"),
        pytest.param(roll(SECOND), roll(SECOND, code=RollCode.OTHER), OwnState.UNCLEAR, id="without-a-code"),
        pytest.param(roll(SECOND), roll(SECOND, code=RollCode.BACK), OwnState.AT_WORK, id="rolling-back"),
        pytest.param(roll(SECOND), roll(SECOND, code=RollCode.COMPLETED), OwnState.ENDED, id="completed"),
        pytest.param(roll(SECOND), roll(SECOND, code=RollCode.FAULTED), OwnState.ENDED, id="faulted"),
        pytest.param(roll(SECOND), roll(SECOND, code=RollCode.CANCELLED), OwnState.ENDED, id="cancelled"),
        pytest.param(roll(SECOND), None, OwnState.UNCLEAR, id="nothing-any-more"),
        pytest.param(roll(SECOND), roll(FIRST), OwnState.UNCLEAR, id="an-older-one"),
        pytest.param(roll(FIRST), roll(SECOND), OwnState.ENDED, id="a-newer-one"),
        pytest.param(roll(SECOND), roll(SECOND, OTHER_POLICY), OwnState.UNCLEAR, id="another-policy"),
    ],
)
def test_a_read_shows_how_ours_stands(seen: Roll | None, latest: Roll | None, state: OwnState) -> None:
    own = OwnRoll(policy=POLICY, asked=True, seen=seen)
    assert own.state_in(latest) is state


def test_a_read_without_a_code_takes_nothing_back() -> None:
    own = OwnRoll(policy=POLICY, asked=True, seen=roll("2", code=RollCode.COMPLETED))
    own.take(roll("2", code=RollCode.OTHER))
    assert own.seen is not None
    assert own.seen.code is RollCode.COMPLETED


def test_the_latest_read_counts_and_the_first_one_needs_no_code() -> None:
    own = OwnRoll(policy=POLICY, asked=True)
    for read in (roll("2", code=RollCode.OTHER), roll("2"), roll("2", code=RollCode.COMPLETED)):
        assert not own.take(read)
        assert own.seen == read
