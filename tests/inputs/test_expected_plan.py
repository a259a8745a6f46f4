"""The hash of an approved plan as an input: what is accepted, and the whole text of each refusal."""

from __future__ import annotations

import pytest

from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.record import plan_of
from vmss_upgrade.rollout.order import Command

REMEDY = "Give the output `plan-hash` of the run that planned, such as 0a1b2c3d-4e5f6071."


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("", "", id="none"),
        pytest.param("01234567-89abcdef", "01234567-89abcdef", id="hash"),
        pytest.param(" 01234567-89ABCDEF ", "01234567-89abcdef", id="capitals-and-blanks"),
    ],
)
def test_a_hash_is_accepted(value: str, expected: str) -> None:
    form = Form({"INPUT_EXPECT-PLAN": value})
    assert plan_of(form, Command.UPGRADE) == expected
    assert form.problems == []


@pytest.mark.parametrize(
    ("value", "lack"),
    [
        pytest.param("01234567", "it has 8 characters instead of 17", id="half"),
        pytest.param("01234567-89abcdef0", "it has 18 characters instead of 17", id="too-long"),
        pytest.param("01234567-89abcdeg", "'g' is neither a digit, a letter from a to f, nor a hyphen", id="letter"),
        pytest.param("01234567_89abcdef", "'_' is neither a digit, a letter from a to f, nor a hyphen", id="sign"),
        pytest.param("succeeded", "'s' is neither a digit, a letter from a to f, nor a hyphen", id="another-output"),
        pytest.param("0123456-789abcdef", "it is not eight digits or letters, a hyphen, and eight again", id="place"),
        pytest.param("0123456789abcdef0", "it is not eight digits or letters, a hyphen, and eight again", id="none"),
    ],
)
def test_another_text_is_refused(value: str, lack: str) -> None:
    form = Form({"INPUT_EXPECT-PLAN": value})
    plan_of(form, Command.UPGRADE)
    assert [str(problem) for problem in form.problems] == [
        f"expect-plan: {value!r} is not the hash of a plan: {lack}. {REMEDY}"
    ]


@pytest.mark.parametrize("value", ["01234567-89abcdef", "succeeded"], ids=["hash", "malformed"])
@pytest.mark.parametrize("operation", ["update-model", "upgrade-instances", "rollback"])
def test_no_plan_of_another_operation_can_be_approved(operation: str, value: str) -> None:
    form = Form({"INPUT_EXPECT-PLAN": value})
    plan_of(form, Command(operation))
    assert [str(problem) for problem in form.problems] == [
        f"expect-plan: is of no use with `operation: {operation}`: what `operation: plan` plans is an upgrade. Leave "
        "`expect-plan` out, or use `operation: upgrade`."
    ]


@pytest.mark.parametrize("command", [None, Command.UPGRADE, Command.PLAN, Command.STATUS])
def test_other_operations_take_it(command: Command | None) -> None:
    form = Form({"INPUT_EXPECT-PLAN": "01234567-89abcdef"})
    assert (plan_of(form, command), form.problems) == ("01234567-89abcdef", [])
