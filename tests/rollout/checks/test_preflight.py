"""What is refused, warned of or noted of the scale set itself: the whole text and the command, as a user reads them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import SUBSCRIPTION, model, resource
from vmss_upgrade.rollout.az_commands import resume_repairs
from vmss_upgrade.rollout.checks.preflight import examine_asked_for, examine_feature, examine_model, unfit
from vmss_upgrade.rollout.checks.rights import FLEXIBLE_FEATURES, Permission
from vmss_upgrade.rollout.findings import Finding, Severity, note, refuse, warn
from vmss_upgrade.rollout.gates import STOP_TAG, STOPS, how_to_release
from vmss_upgrade.rollout.model import HealthSignal, Owner
from vmss_upgrade.rollout.order import Command, Order
from vmss_upgrade.rollout.policy import HealthUse, Policy, Share
from vmss_upgrade.rollout.zero_downtime.drain import Drain

WHERE = f"--subscription {SUBSCRIPTION} -g rg -n web"
TO_MANUAL = f"Set it to Manual: az vmss update {WHERE} --set upgradePolicy.mode=Manual"
OR_NATIVE = f"{TO_MANUAL} (or let Azure roll it: `strategy: native`)"
SETTLED = f"Wait until it is Succeeded: az vmss show {WHERE} --query provisioningState"


def of_the_model(rolling: bool | None = False, **fields: Any) -> tuple[Finding, ...]:
    return examine_model(model(**fields), rolling_upgrade_running=rolling)


@pytest.mark.parametrize(
    ("fields", "sentence", "remedy"),
    [
        pytest.param(
            {"upgrade_mode": "Automatic"},
            "upgradePolicy.mode is Automatic: a change of the model would reboot all instances at once, in no order.",
            TO_MANUAL,
            id="automatic",
        ),
        pytest.param(
            {"upgrade_mode": "Rolling"},
            "upgradePolicy.mode is Rolling: a change of the model would start Azure's own rolling upgrade.",
            OR_NATIVE,
            id="rolling",
        ),
        pytest.param(
            {"upgrade_mode": "rolling"},
            "upgradePolicy.mode is rolling: a change of the model would start Azure's own rolling upgrade.",
            OR_NATIVE,
            id="rolling-in-lower-case",
        ),
        pytest.param(
            {"upgrade_mode": "Rolling", "is_flexible": True},
            "upgradePolicy.mode is Rolling: a change of the model would start Azure's own rolling upgrade.",
            OR_NATIVE,
            id="rolling-flexible",
        ),
        pytest.param(
            {"upgrade_mode": ""},
            "upgradePolicy.mode is not shown: only Manual leaves the instances to this action.",
            TO_MANUAL,
            id="mode-not-shown",
        ),
        pytest.param(
            {"upgrade_mode": "Sideways"},
            "upgradePolicy.mode is Sideways: only Manual leaves the instances to this action.",
            TO_MANUAL,
            id="mode-not-known",
        ),
        pytest.param(
            {"automatic_os_upgrade": True},
            "upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade is true: Azure replaces OS images by "
            "itself, at the same time.",
            f"Disable it: az vmss update {WHERE} "
            "--set upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade=false",
            id="automatic-os-upgrade",
        ),
        pytest.param(
            {"rolling": True},
            "A rolling upgrade of Azure's own is under way on the scale set.",
            f"Wait for its end, or cancel it: az vmss rolling-upgrade cancel {WHERE}",
            id="rolling-upgrade-under-way",
        ),
        pytest.param(
            {"owner": Owner.SERVICE_FABRIC},
            "The scale set belongs to a Service Fabric cluster (it has the ServiceFabricNode extension), which must "
            "stay in upgrade mode Automatic and upgrades its instances by its own rules.",
            "Use Service Fabric's own OS upgrade; this action does not handle Service Fabric clusters.",
            id="service-fabric",
        ),
        pytest.param(
            {"owner": Owner.AKS},
            "The scale set is managed by AKS; changing it directly makes the AKS cluster unsupported.",
            "Use `az aks nodepool upgrade --node-image-only`.",
            id="aks",
        ),
        pytest.param(
            {"provisioning_state": "Creating"},
            "provisioningState of the scale set is Creating.",
            SETTLED,
            id="creating",
        ),
        pytest.param(
            {"provisioning_state": "Deleting"},
            "provisioningState of the scale set is Deleting.",
            SETTLED,
            id="deleting",
        ),
        pytest.param(
            {"provisioning_state": "Updating"},
            "provisioningState of the scale set stayed Updating: somebody else is changing it.",
            SETTLED,
            id="updating",
        ),
    ],
)
def test_a_model_is_refused(fields: dict[str, Any], sentence: str, remedy: str) -> None:
    assert of_the_model(**fields) == (refuse(sentence, remedy),)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="usual"),
        pytest.param({"upgrade_mode": "manual"}, id="mode-in-lower-case"),
        pytest.param({"is_flexible": True}, id="flexible"),
        pytest.param({"is_flexible": True, "upgrade_mode": ""}, id="a-flexible-set-need-not-show-its-mode"),
        pytest.param({"provisioning_state": ""}, id="state-not-shown"),
    ],
)
def test_a_model_with_nothing_to_say_about(fields: dict[str, Any]) -> None:
    assert of_the_model(**fields) == ()


@pytest.mark.parametrize(
    ("has_profile", "lacks"),
    [
        pytest.param(False, "no virtual machine profile (virtualMachineProfile)", id="no-profile"),
        pytest.param(True, "no image", id="a-profile-without-an-image"),
    ],
)
def test_a_flexible_set_without_anything_to_roll_is_refused(has_profile: bool, lacks: str) -> None:
    findings = of_the_model(is_flexible=True, has_profile=has_profile, image=resource(""), upgrade_mode="")
    assert findings == (
        refuse(
            f"The Flexible scale set has {lacks}: it only groups machines, and there is no model to roll out.",
            "Give the scale set a profile with an image first, or upgrade its machines one by one.",
        ),
    )


def test_a_failed_model_is_only_a_note() -> None:
    assert of_the_model(provisioning_state="Failed") == (
        note("provisioningState of the scale set is Failed, from an earlier change; the rollout goes on."),
    )


def test_a_rolling_upgrade_that_may_not_be_read_is_only_a_note() -> None:
    assert of_the_model(rolling=None) == (
        note("Could not read whether a rolling upgrade of Azure's own is under way."),
    )


EVERYTHING_WRONG = {"upgrade_mode": "Automatic", "automatic_os_upgrade": True, "provisioning_state": "Deleting"}


def test_every_refusal_is_said_at_once() -> None:
    findings = of_the_model(True, **EVERYTHING_WRONG)
    assert len(findings) == 4
    assert {finding.severity for finding in findings} == {Severity.REFUSE}


def test_a_lasting_obstacle_is_not_waited_for() -> None:
    assert [finding.remedy.partition(":")[0] for finding in unfit(model(**EVERYTHING_WRONG))] == [
        "Set it to Manual",
        "Disable it",
    ]


@pytest.mark.parametrize("owner", [each for each in Owner if each is not Owner.NOBODY])
def test_an_owner_is_named(owner: Owner) -> None:
    (finding,) = of_the_model(owner=owner)
    refused = owner in (Owner.AKS, Owner.SERVICE_FABRIC)
    assert finding.severity is (Severity.REFUSE if refused else Severity.WARN)
    assert owner.value in finding.message
    assert finding.remedy


@pytest.mark.parametrize("owner", [Owner.SERVICE_FABRIC, Owner.AKS])
def test_nobody_is_said_to_change_the_settings_of_a_set_that_another_service_owns(owner: Owner) -> None:
    findings = of_the_model(True, **EVERYTHING_WRONG, owner=owner)
    assert not [finding for finding in findings if "az vmss update" in finding.remedy]


# -- what the order asks for ---------------------------------------------------------------------------------------

EVERY_RIGHT = (Permission(("*",)),)
READER = (Permission(("*/read",)),)
SUSPEND = Policy(suspend_repairs=True)
DRAINED, SURGING = Policy(drain=Drain(command="x")), Policy(surge=Share(1))


def asked_for(
    command: Command = Command.UPGRADE,
    policy: Policy | None = None,
    permissions: tuple[Permission, ...] | None = EVERY_RIGHT,
    suspended: bool | None = None,
    **fields: Any,
) -> tuple[Finding, ...]:
    order = Order(command=command, policy=policy or Policy())
    return examine_asked_for(model(**fields), order, permissions, repairs_suspended=suspended)


SET = "Microsoft.Compute/virtualMachineScaleSets"
ASSIGN = "az role assignment create --assignee CLIENT-ID --role"
TO_THE_SET = f"{ASSIGN} 'VM scale set image upgrader' --scope {model().id}"
GIVE_UPGRADER = f"Give it the role in examples/roles/upgrader.json: {TO_THE_SET}"
GIVE_READER = (
    f"Give it the role in examples/roles/reader.json: {ASSIGN} 'VM scale set image reader' --scope "
    f"/subscriptions/{SUBSCRIPTION}"
)


def give_both(file: str, name: str) -> str:
    return (
        f"Give it the roles in examples/roles/upgrader.json and examples/roles/{file}.json: {TO_THE_SET} && "
        f"{ASSIGN} '{name}' --scope {model().id}"
    )


@pytest.mark.parametrize(
    ("command", "policy", "actions", "remedy"),
    [
        pytest.param(
            Command.UPGRADE, Policy(), f"{SET}/write, {SET}/manualUpgrade/action", GIVE_UPGRADER, id="upgrade"
        ),
        pytest.param(Command.UPDATE_MODEL, Policy(), f"{SET}/write", GIVE_UPGRADER, id="update-model"),
        pytest.param(
            Command.UPGRADE_INSTANCES, Policy(), f"{SET}/manualUpgrade/action", GIVE_UPGRADER, id="upgrade-instances"
        ),
        pytest.param(
            Command.UPGRADE_INSTANCES,
            SUSPEND,
            f"{SET}/manualUpgrade/action, {SET}/setOrchestrationServiceState/action",
            give_both("suspend-repairs", "VM scale set repairs suspender"),
            id="suspend-repairs",
        ),
        pytest.param(
            Command.UPGRADE_INSTANCES,
            DRAINED,
            f"{SET}/manualUpgrade/action, {SET}/virtualMachines/runCommands/write, "
            f"{SET}/virtualMachines/runCommands/delete",
            give_both("drain", "VM scale set drainer"),
            id="drain",
        ),
        pytest.param(Command.UPDATE_MODEL, DRAINED, f"{SET}/write", GIVE_UPGRADER, id="nothing-to-drain"),
        pytest.param(
            Command.UPGRADE,
            SURGING,
            f"{SET}/write, {SET}/manualUpgrade/action, {SET}/delete/action",
            give_both("surge", "VM scale set surge"),
            id="surge",
        ),
        pytest.param(Command.UPDATE_MODEL, SURGING, f"{SET}/write", GIVE_UPGRADER, id="no-surge-for-the-model-alone"),
    ],
)
def test_each_missing_right_is_named(command: Command, policy: Policy, actions: str, remedy: str) -> None:
    findings = asked_for(command, policy, READER, repairs="Replace", suspended=True)
    assert findings[0] == refuse(f"The identity lacks the right to {actions} on the scale set.", remedy)


def test_a_set_that_azure_rolls_needs_the_right_to_cancel_it() -> None:
    findings = asked_for(Command.UPGRADE, Policy(), READER, upgrade_mode="Rolling")
    assert findings[0] == refuse(
        f"The identity lacks the right to {SET}/write, {SET}/rollingUpgrades/cancel/action on the scale set.",
        give_both("native", "VM scale set rolling upgrader"),
    )


def test_a_plan_goes_on_without_rights_to_write() -> None:
    lacks = f"The identity lacks the right to {SET}/write, {SET}/manualUpgrade/action on the scale set."
    findings = asked_for(Command.PLAN, Policy(), READER)
    assert findings[0] == note(f"{lacks} A plan does not need it, a rollout does.", GIVE_UPGRADER)


NO_POLLS = warn(
    "The identity lacks the right to Microsoft.Compute/locations/operations/read on the subscription: Azure's "
    "operations cannot be followed, so the instances are watched instead, and Azure's reasons for a failure may not be "
    "seen.",
    GIVE_READER,
)


@pytest.mark.parametrize(
    ("permissions", "is_missing"),
    [
        pytest.param((Permission((f"{SET}/*",)),), True, id="the-set-alone"),
        pytest.param((Permission(("*",), ("Microsoft.Compute/locations/*",)),), True, id="but-for-locations"),
        pytest.param((Permission((f"{SET}/*", "microsoft.compute/Locations/operations/read")),), False, id="named"),
        pytest.param(READER, False, id="all-reads"),
        pytest.param(None, False, id="not-known"),
    ],
)
@pytest.mark.parametrize("command", [Command.UPGRADE, Command.PLAN, Command.ROLLBACK])
def test_operations_that_cannot_be_followed_are_said_before_the_write(
    command: Command, permissions: tuple[Permission, ...] | None, is_missing: bool
) -> None:
    findings = asked_for(command, permissions=permissions)
    said = [each for each in findings if "Microsoft.Compute/locations/operations/read" in each.message]
    assert said == [NO_POLLS] * is_missing


def test_a_flexible_set_needs_no_right_to_the_list_of_a_uniform_one() -> None:
    rights = (Permission((f"{SET}/read", f"{SET}/write", f"{SET}/manualUpgrade/action", "*/operations/read")),)
    assert asked_for(permissions=rights, is_flexible=True) == ()
    (refusal,) = asked_for(permissions=rights)
    assert refusal == refuse(
        f"The identity lacks the right to {SET}/virtualMachines/read on the scale set.", GIVE_READER
    )


def test_rights_that_cannot_be_read_are_only_a_note() -> None:
    assert asked_for(permissions=None) == (
        note("Could not read the rights of the identity; Azure will say so if one is missing."),
    )


def test_a_rolling_upgrade_at_work_is_judged_elsewhere_where_azure_makes_the_batches() -> None:
    rolling = model(upgrade_mode="Rolling")
    assert examine_model(rolling, rolling_upgrade_running=True, natively=True) == ()
    assert examine_model(model(), rolling_upgrade_running=True, natively=True) == unfit(model(), natively=True) != ()


def test_the_hand_brake_stops_an_upgrade_and_no_way_back() -> None:
    braked = model(stop_tag=STOP_TAG)
    assert asked_for(stop_tag=STOP_TAG) == (refuse(STOPS, how_to_release(braked)),)
    assert how_to_release(braked) == (
        "To go on, have the tag removed, and run again with the same inputs: instances on the target image are "
        "skipped. The activity log of the scale set says who set it; anybody with the role Tag Contributor on the "
        "scale set can remove it: "
        f"az tag update --resource-id {braked.id} --operation Delete --tags {STOP_TAG}"
    )
    assert asked_for(Command.ROLLBACK, stop_tag=STOP_TAG) == (note(f"{STOPS} A rollback goes on."),)


def test_with_every_right_there_is_nothing_to_say() -> None:
    assert asked_for() == ()


@pytest.mark.parametrize(
    ("use", "signal", "is_refused"),
    [
        pytest.param(HealthUse.REQUIRED, HealthSignal.NONE, True, id="required-and-none"),
        pytest.param(HealthUse.REQUIRED, HealthSignal.PROBE, False, id="required-and-there"),
        pytest.param(HealthUse.AUTO, HealthSignal.NONE, False, id="auto"),
        pytest.param(HealthUse.IGNORE, HealthSignal.IGNORED, False, id="ignored"),
    ],
)
def test_a_health_signal_that_is_required(use: HealthUse, signal: HealthSignal, is_refused: bool) -> None:
    refusal = refuse(
        "`health: required`, but the scale set has no health signal.",
        "Add the Application Health extension or a load balancer health probe to the model, or use `health: auto`.",
    )
    assert asked_for(policy=Policy(health=use), health_signal=signal) == ((refusal,) if is_refused else ())


REPAIRS_ON = warn(
    "Automatic instance repairs are on (Replace): an instance that is unhealthy beyond the grace period is repaired by "
    "Azure, from the latest model and outside the batches, while the rollout is under way.",
    "Set `suspend-repairs: true` to suspend them meanwhile.",
)


@pytest.mark.parametrize(
    ("command", "repairs", "suspended", "policy", "finding"),
    [
        pytest.param(Command.UPGRADE, "", None, Policy(), None, id="none"),
        pytest.param(
            Command.UPGRADE,
            "",
            None,
            SUSPEND,
            note("`suspend-repairs` has nothing to do: the scale set has no automatic repairs."),
            id="none-to-suspend",
        ),
        pytest.param(Command.UPGRADE, "Replace", False, Policy(), REPAIRS_ON, id="on"),
        pytest.param(Command.UPGRADE, "Replace", None, Policy(), REPAIRS_ON, id="on-as-far-as-is-known"),
        pytest.param(
            Command.UPGRADE,
            "Replace",
            True,
            Policy(),
            note("Automatic instance repairs are suspended already, and stay so."),
            id="suspended-before",
        ),
        pytest.param(
            Command.UPGRADE,
            "Replace",
            True,
            SUSPEND,
            warn(
                "Automatic instance repairs are suspended already, perhaps by an earlier run that was killed. This run "
                "leaves them so at its end.",
                f"If that was not intended, resume them: {resume_repairs(SUBSCRIPTION, 'rg', 'web')}",
            ),
            id="suspended-before-and-asked-for",
        ),
        pytest.param(
            Command.UPGRADE,
            "Replace",
            False,
            SUSPEND,
            note("Automatic instance repairs are suspended during the rollout, and resumed at its end."),
            id="will-be-suspended",
        ),
        pytest.param(
            Command.UPGRADE,
            "Replace",
            None,
            SUSPEND,
            warn(
                "Could not read whether automatic instance repairs are suspended already; after the rollout they will "
                "be at work in any case.",
                "Where they are suspended on purpose, leave `suspend-repairs` out.",
            ),
            id="will-be-suspended-as-far-as-is-known",
        ),
        pytest.param(Command.UPDATE_MODEL, "Replace", False, Policy(), None, id="the-model-alone-harms-none"),
    ],
)
def test_automatic_repairs(
    command: Command, repairs: str, suspended: bool | None, policy: Policy, finding: Finding | None
) -> None:
    found = asked_for(command, policy, repairs=repairs, suspended=suspended)
    assert found == ((finding,) if finding else ())


@pytest.mark.parametrize(
    ("command", "repairs", "suspended", "policy", "is_refused"),
    [
        pytest.param(Command.UPGRADE, "Replace", False, DRAINED, True, id="at-work"),
        pytest.param(Command.UPGRADE, "Replace", None, DRAINED, True, id="at-work-as-far-as-is-known"),
        pytest.param(Command.UPGRADE, "Replace", True, DRAINED, False, id="suspended-before"),
        pytest.param(Command.UPGRADE, "Replace", False, replace(DRAINED, suspend_repairs=True), False, id="suspended"),
        pytest.param(Command.UPGRADE, "", None, DRAINED, False, id="none"),
        pytest.param(Command.UPDATE_MODEL, "Replace", False, DRAINED, False, id="nothing-is-drained"),
    ],
)
def test_a_drain_needs_repairs_to_rest(
    command: Command, repairs: str, suspended: bool | None, policy: Policy, is_refused: bool
) -> None:
    refusal = refuse(
        "`drain-command` may make instances unhealthy, and automatic instance repairs (Replace) act on those: they "
        "would replace drained instances outside the batches.",
        "Set `suspend-repairs: true`.",
    )
    found = asked_for(command, policy, repairs=repairs, suspended=suspended)
    assert [each for each in found if each.severity is Severity.REFUSE] == [refusal] * is_refused


# -- preview features ------------------------------------------------------------------------------------------------

IMAGE_UPGRADE, ROLLING = FLEXIBLE_FEATURES


NOT_REGISTERED = "The subscription is not registered for {}, which image upgrades of Flexible scale sets need."
PENDING = "The registration for {}, which image upgrades of Flexible scale sets need, is {}."
TO_REGISTER, TO_BE_REGISTERED = "Register it", "Wait until it is Registered"


@pytest.mark.parametrize(
    ("feature", "state", "severity", "message", "remedy", "command"),
    [
        pytest.param(
            IMAGE_UPGRADE,
            "NotRegistered",
            Severity.REFUSE,
            NOT_REGISTERED,
            TO_REGISTER,
            "register",
            id="not-registered",
        ),
        pytest.param(
            IMAGE_UPGRADE, "unregistered", Severity.REFUSE, NOT_REGISTERED, TO_REGISTER, "register", id="unregistered"
        ),
        pytest.param(
            IMAGE_UPGRADE, "Unregistering", Severity.REFUSE, NOT_REGISTERED, TO_REGISTER, "register", id="unregistering"
        ),
        pytest.param(
            IMAGE_UPGRADE, "Registering", Severity.REFUSE, PENDING, TO_BE_REGISTERED, "show", id="registering"
        ),
        pytest.param(IMAGE_UPGRADE, "Pending", Severity.REFUSE, PENDING, TO_BE_REGISTERED, "show", id="pending"),
        pytest.param(
            ROLLING, "NotRegistered", Severity.WARN, NOT_REGISTERED, TO_REGISTER, "register", id="the-second-one"
        ),
    ],
)
def test_a_feature_that_is_not_registered(
    feature: str, state: str, severity: Severity, message: str, remedy: str, command: str
) -> None:
    az = f"az feature {command} --subscription {SUBSCRIPTION} --namespace Microsoft.Compute --name {feature}"
    expected = Finding(severity, message.format(feature, state), f"{remedy}: {az}")
    assert examine_feature(model(), feature, state) == (expected,)


@pytest.mark.parametrize("state", [None, "", "Registered", "NotSpecified", "a word of tomorrow"])
def test_a_feature_that_is_registered_or_not_known(state: str | None) -> None:
    assert examine_feature(model(), IMAGE_UPGRADE, state) == ()
