"""Durations, names and sentences for people."""

import pytest

from vmss_upgrade.rollout.wording import about, clause, duration, in_natural_order, instances_named, listed, sentence


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.4, "0s"),
        (45, "45s"),
        (59.6, "1m00s"),
        (185, "3m05s"),
        (3599.4, "59m59s"),
        (3599.6, "1h00m"),
        (3720, "1h02m"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (89, "1 min"), (7150, "119 min"), (7200, "2h00m"), (7900, "2h12m")],
)
def test_about(seconds: float, text: str) -> None:
    assert about(seconds) == text


@pytest.mark.parametrize(
    ("ids", "text"), [("5", "instance 5"), ("1 9", "instances 1, 9"), ("1 2 3", "instances 1, 2 and 1 more")]
)
def test_one_instance_is_no_instances(ids: str, text: str) -> None:
    assert instances_named(ids.split(), 2) == text


@pytest.mark.parametrize("text", ["It is a VMX", "It is a VMX.", "It is a VMX..."])
def test_a_sentence_has_one_full_stop(text: str) -> None:
    assert (clause(text), sentence(text)) == ("It is a VMX", "It is a VMX.")


@pytest.mark.parametrize(("count", "text"), [(0, ""), (2, "0, 1"), (3, "0, 1, 2"), (5, "0, 1, 2 and 2 more")])
def test_long_lists_are_cut(count: int, text: str) -> None:
    assert listed(map(str, range(count)), limit=3) == text
    assert listed(["x"] * 13).endswith("x and 1 more")


def test_numbers_come_by_value_and_names_after_them() -> None:
    longest, longer = "9" * 20, "1" * 21
    names = ["b", "10", longer, "9", "a", longest]
    assert sorted(names, key=in_natural_order) == ["9", "10", longest, longer, "a", "b"]
