"""What is refused, warned of or noted before anything is written: the sentence and the command as a user reads them."""

from __future__ import annotations

from typing import Any

import pytest

from builders import NEW, SUBSCRIPTION, fleet, model
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.planner import plan_rollout
from vmss_upgrade.rollout.policy import BatchSize, Policy
from vmss_upgrade.rollout.preflight import examine_model, examine_plan
from vmss_upgrade.rollout.scale_set import HealthSignal, ScaleSet

WHERE = f"--subscription {SUBSCRIPTION} -g rg -n web"


def of_the_model(rolling: bool | None = False, **fields: Any) -> tuple[Finding, ...]:
    return examine_model(model(**fields), rolling_upgrade_running=rolling)


@pytest.mark.parametrize(
    ("fields", "sentence", "remedy"),
    [
        pytest.param(
            {"upgrade_mode": "Automatic"},
            "upgradePolicy.mode is Automatic: a change of the model would reboot all instances at once",
            f"Set it to Manual: az vmss update {WHERE} --set upgradePolicy.mode=Manual",
            id="automatic",
        ),
        pytest.param(
            {"upgrade_mode": "Rolling"},
            "upgradePolicy.mode is Rolling: a change of the model would start Azure's own rolling upgrade",
            f"Set it to Manual: az vmss update {WHERE} --set upgradePolicy.mode=Manual",
            id="rolling",
        ),
        pytest.param(
            {"upgrade_mode": ""},
            "upgradePolicy.mode is not shown: only Manual leaves the instances to this action",
            f"Set it to Manual: az vmss update {WHERE} --set upgradePolicy.mode=Manual",
            id="mode-not-shown",
        ),
        pytest.param(
            {"automatic_os_upgrade": True},
            "upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade is true",
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
            {"orchestration_mode": "Flexible"},
            "orchestrationMode is Flexible: such a scale set has no update domains",
            "Use a Uniform scale set",
            id="flexible",
        ),
        pytest.param(
            {"service_fabric": True},
            "belongs to a Service Fabric cluster (it has the ServiceFabricNode extension)",
            "Use Service Fabric's own OS upgrade",
            id="service-fabric",
        ),
        pytest.param(
            {"managed_by_aks": True},
            "The scale set is managed by AKS",
            "Use `az aks nodepool upgrade --node-image-only`.",
            id="aks",
        ),
        pytest.param(
            {"provisioning_state": "Creating"},
            "provisioningState of the scale set is Creating.",
            f"Wait until it is Succeeded: az vmss show {WHERE} --query provisioningState",
            id="creating",
        ),
        pytest.param(
            {"provisioning_state": "Deleting"},
            "provisioningState of the scale set is Deleting.",
            f"Wait until it is Succeeded: az vmss show {WHERE} --query provisioningState",
            id="deleting",
        ),
        pytest.param(
            {"provisioning_state": "Updating"},
            "provisioningState of the scale set stayed Updating: somebody else is changing it.",
            f"Wait until it is Succeeded: az vmss show {WHERE} --query provisioningState",
            id="updating",
        ),
    ],
)
def test_a_model_is_refused(fields: dict[str, Any], sentence: str, remedy: str) -> None:
    (finding,) = of_the_model(**fields)
    assert finding.severity is Severity.REFUSE
    assert sentence in finding.message
    assert finding.remedy.startswith(remedy)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="usual"),
        pytest.param({"upgrade_mode": "manual"}, id="mode-in-lower-case"),
        pytest.param({"orchestration_mode": ""}, id="orchestration-not-shown"),
        pytest.param({"provisioning_state": ""}, id="state-not-shown"),
    ],
)
def test_a_model_with_nothing_to_say_about(fields: dict[str, Any]) -> None:
    assert of_the_model(**fields) == ()


def test_a_failed_model_is_only_a_note() -> None:
    (finding,) = of_the_model(provisioning_state="Failed")
    assert (finding.severity, "is Failed" in finding.message) == (Severity.NOTE, True)


def test_a_rolling_upgrade_that_may_not_be_read_is_only_a_note() -> None:
    (finding,) = of_the_model(rolling=None)
    assert (finding.severity, "may not be read" in finding.message) == (Severity.NOTE, True)


EVERYTHING_WRONG = {
    "upgrade_mode": "Automatic",
    "automatic_os_upgrade": True,
    "orchestration_mode": "Flexible",
    "provisioning_state": "Deleting",
}


def test_every_refusal_is_told_at_once() -> None:
    findings = of_the_model(True, **EVERYTHING_WRONG)
    assert len(findings) == 5
    assert {finding.severity for finding in findings} == {Severity.REFUSE}


@pytest.mark.parametrize("owner", ["service_fabric", "managed_by_aks"])
def test_nobody_is_told_to_change_the_settings_of_a_set_that_another_service_owns(owner: str) -> None:
    findings = of_the_model(True, **EVERYTHING_WRONG, **{owner: True})
    assert not [finding for finding in findings if "az vmss update" in finding.remedy]


def of_the_plan(scale_set: ScaleSet, policy: Policy | None = None) -> tuple[Finding, ...]:
    policy = policy or Policy()
    return examine_plan(scale_set, plan_rollout(scale_set, NEW, policy), policy)


@pytest.mark.parametrize(
    ("scale_set", "severity", "sentence", "remedy"),
    [
        pytest.param(
            fleet("0000"),
            Severity.REFUSE,
            "Batch 1 holds all 4 running instances: nothing would serve while it is upgraded.",
            "Set `batch-size` to a number below 4, such as 2.",
            id="one-batch-is-the-set",
        ),
        pytest.param(
            fleet("0011", stopped="0 1"),
            Severity.REFUSE,
            "Batch 1 holds all 2 running instances: nothing would serve while it is upgraded.",
            "Set `batch-size` to a number below 2, such as 1.",
            id="the-others-are-off",
        ),
        pytest.param(
            fleet("0"),
            Severity.REFUSE,
            "Instance 0 is the only one that runs: nothing would serve while it is upgraded.",
            f"Scale out first: az vmss scale {WHERE} --new-capacity 2",
            id="one-instance",
        ),
        pytest.param(
            fleet("0011", health_signal=HealthSignal.NONE),
            Severity.WARN,
            "The scale set has no health signal: an instance counts as fine once it is provisioned and running for "
            "5m00s, which does not prove that the application works.",
            "Add the Application Health extension or a load balancer health probe to the model.",
            id="no-health-signal",
        ),
        pytest.param(
            fleet("0011", unhealthy="1", silent="3"),
            Severity.NOTE,
            "Not healthy before the rollout, so first in their update domain: 1, 3.",
            "",
            id="ill-before",
        ),
        pytest.param(
            fleet("0011", image=NEW, new="0 1", unhealthy="1"),
            Severity.WARN,
            "On the target image already, but not healthy: 1. Nothing more is upgraded until they are.",
            "",
            id="ill-on-the-target",
        ),
    ],
)
def test_a_plan_is_examined(scale_set: ScaleSet, severity: Severity, sentence: str, remedy: str) -> None:
    assert of_the_plan(scale_set) == (Finding(severity, sentence, remedy),)


@pytest.mark.parametrize(
    "scale_set",
    [
        pytest.param(fleet("0011"), id="usual"),
        pytest.param(fleet("0011", new="0 1 2 3", health_signal=HealthSignal.NONE), id="nothing-moves"),
        pytest.param(fleet("0011", new="1", unhealthy="1"), id="ill-on-the-target-that-the-model-has-not"),
        pytest.param(fleet("0011", image=NEW, new="1", stopped="1"), id="a-stopped-one-on-the-target-is-not-ill"),
        pytest.param(fleet("0011", new="0 1"), id="a-batch-that-is-all-that-moves-but-not-all-that-runs"),
    ],
)
def test_a_plan_with_nothing_to_say_about(scale_set: ScaleSet) -> None:
    assert of_the_plan(scale_set) == ()


def test_a_smaller_batch_size_is_the_way_out_of_one_domain() -> None:
    assert of_the_plan(fleet("0000"), Policy(batch_size=BatchSize(2))) == ()


def test_the_warning_names_the_bake_time_that_was_given() -> None:
    (finding,) = of_the_plan(fleet("0011", health_signal=HealthSignal.NONE), Policy(bake_time=90.0))
    assert "running for 1m30s" in finding.message
