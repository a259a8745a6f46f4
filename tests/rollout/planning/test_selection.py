"""The selection of instances, and what is said of names that are not there."""

from __future__ import annotations

from typing import Any

import pytest

from builders import changed, fleet, plan_of
from vmss_upgrade.rollout.planning.selection import is_selected, unknown_names
from vmss_upgrade.rollout.policy import Policy, Selection
from vmss_upgrade.rollout.scale_set import ScaleSet

# Instance n is in update domain n // 2, fault domain n % 5 and, from 4 on, in zone 2.
EIGHT = fleet("00112233", zones="11112222")
NAMED = changed(changed(fleet("00", zones="aB"), "0", id="web_0"), "1", id="web_AF")


@pytest.mark.parametrize(
    ("scale_set", "wanted", "selected"),
    [
        pytest.param(EIGHT, {}, "0 1 2 3 4 5 6 7", id="nothing-named-is-everybody"),
        pytest.param(EIGHT, {"update_domains": (1,)}, "2 3", id="update-domain"),
        pytest.param(EIGHT, {"update_domains": (0,)}, "0 1", id="update-domain-zero"),
        pytest.param(EIGHT, {"update_domains": (3, 1)}, "2 3 6 7", id="update-domains"),
        pytest.param(EIGHT, {"fault_domains": (0,)}, "0 5", id="fault-domain-zero"),
        pytest.param(EIGHT, {"fault_domains": (1, 4)}, "1 4 6", id="fault-domains"),
        pytest.param(EIGHT, {"zones": ("2",)}, "4 5 6 7", id="zone"),
        pytest.param(EIGHT, {"zones": ("1", "2")}, "0 1 2 3 4 5 6 7", id="zones"),
        pytest.param(EIGHT, {"instance_ids": ("7", "0")}, "0 7", id="ids"),
        pytest.param(EIGHT, {"update_domains": (1, 2), "zones": ("1",)}, "2 3", id="update-domain-and-zone"),
        pytest.param(EIGHT, {"update_domains": (2,), "fault_domains": (0,)}, "5", id="update-and-fault-domain"),
        pytest.param(EIGHT, {"zones": ("2",), "instance_ids": ("1", "6")}, "6", id="zone-and-id"),
        pytest.param(
            EIGHT,
            {"update_domains": (3,), "fault_domains": (1, 2), "zones": ("2",), "instance_ids": ("6", "0")},
            "6",
            id="everything-at-once",
        ),
        pytest.param(EIGHT, {"update_domains": (0,), "zones": ("2",)}, "", id="nobody-fits-both"),
        pytest.param(EIGHT, {"instance_ids": ("07",)}, "", id="an-id-is-no-number"),
        pytest.param(NAMED, {"instance_ids": ("WEB_0", "web_af")}, "web_0 web_AF", id="ids-without-case"),
        pytest.param(NAMED, {"zones": ("A", "b")}, "web_0 web_AF", id="zones-without-case"),
        pytest.param(fleet("0-"), {"update_domains": (0,)}, "0", id="one-that-shows-none"),
        pytest.param(fleet("0-"), {"fault_domains": (0,)}, "0", id="one-that-shows-no-fault-domain"),
    ],
)
def test_selection(scale_set: ScaleSet, wanted: dict[str, Any], selected: str) -> None:
    selection = Selection(**wanted)
    assert " ".join(i.id for i in scale_set.instances if is_selected(i, selection)) == selected


@pytest.mark.parametrize(
    ("wanted", "moving", "untouched", "skipped"),
    [
        pytest.param({}, "1 2 3 5 6", "", "0 4 7", id="everybody"),
        pytest.param({"update_domains": (0,)}, "1", "2 3 5 6", "0 4 7", id="the-rest-is-untouched"),
        pytest.param({"zones": ("2",)}, "5 6", "1 2 3", "0 4 7", id="a-zone"),
        pytest.param({"instance_ids": ("0", "4", "7")}, "", "1 2 3 5 6", "0 4 7", id="only-skipped-ones-are-selected"),
    ],
)
def test_an_instance_that_is_not_selected_is_untouched(
    wanted: dict[str, Any], moving: str, untouched: str, skipped: str
) -> None:
    scale_set = fleet("00112233", zones="11112222", new="0", protected="4", stopped="7")
    plan = plan_of(scale_set, policy=Policy(selection=Selection(**wanted)))
    assert " ".join(plan.instance_ids) == moving
    assert " ".join(plan.untouched) == untouched
    assert " ".join(one.instance_id for one in plan.skipped) == skipped


@pytest.mark.parametrize(
    ("scale_set", "wanted", "unknown"),
    [
        pytest.param(EIGHT, {}, [], id="nothing-named"),
        pytest.param(EIGHT, {"update_domains": (0, 3), "zones": ("2",), "instance_ids": ("7",)}, [], id="all-there"),
        pytest.param(
            EIGHT,
            {"update_domains": (3, 4, 10)},
            [("update-domains", ["4", "10"], ["0", "1", "2", "3"])],
            id="update-domains",
        ),
        pytest.param(
            EIGHT, {"fault_domains": (5,)}, [("fault-domains", ["5"], ["0", "1", "2", "3", "4"])], id="fault-domains"
        ),
        pytest.param(EIGHT, {"zones": ("3",)}, [("zones", ["3"], ["1", "2"])], id="zones"),
        pytest.param(NAMED, {"zones": ("A",), "instance_ids": ("WEB_0",)}, [], id="without-case"),
        pytest.param(
            NAMED, {"instance_ids": ("web_1",)}, [("instance-ids", ["web_1"], ["web_0", "web_AF"])], id="instance-ids"
        ),
        pytest.param(fleet("--"), {"update_domains": (0,)}, [("update-domains", ["0"], [])], id="none-is-shown"),
        pytest.param(
            fleet("01"),
            {"update_domains": (9,), "fault_domains": (9,), "zones": ("9",), "instance_ids": ("9",)},
            [
                ("update-domains", ["9"], ["0", "1"]),
                ("fault-domains", ["9"], ["0", "1"]),
                ("zones", ["9"], []),
                ("instance-ids", ["9"], ["0", "1"]),
            ],
            id="all-at-once",
        ),
        pytest.param(
            fleet("0" * 11),
            {"instance_ids": ("11",)},
            [("instance-ids", ["11"], ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"])],
            id="names-that-are-there-by-value",
        ),
    ],
)
def test_names_that_are_not_there(
    scale_set: ScaleSet, wanted: dict[str, Any], unknown: list[tuple[str, list[str], list[str]]]
) -> None:
    assert unknown_names(scale_set, Selection(**wanted)) == unknown
