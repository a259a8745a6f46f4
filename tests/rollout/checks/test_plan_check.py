"""What is refused, warned of or noted about a plan: the whole text and the command, as a user reads them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import NEW, OLD, SUBSCRIPTION, changed, fleet, goal_to, plan_of, platform, whole
from vmss_upgrade.rollout.checks.plan import examine_plan
from vmss_upgrade.rollout.findings import Finding, Severity, note, refuse, warn
from vmss_upgrade.rollout.goal import goal_of
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.planner import plan_model_update, plan_rollout
from vmss_upgrade.rollout.policy import Policy, Selection, Share, Strategy
from vmss_upgrade.rollout.scale_set import ScaleSet

WHERE = f"--subscription {SUBSCRIPTION} -g rg -n web"
SERVES = "If nothing has to serve meanwhile, set `allow-downtime: true`."
ALLOW_DOWNTIME = whole(allow_downtime=True)


def of_the_plan(scale_set: ScaleSet, policy: Policy | None = None) -> tuple[Finding, ...]:
    policy = policy or whole()
    return examine_plan(scale_set, plan_of(scale_set, policy=policy), policy)


@pytest.mark.parametrize(
    ("scale_set", "policy", "sentence", "remedy"),
    [
        pytest.param(
            fleet("0000"),
            whole(),
            "Batch 1 holds all 4 running instances: nothing would serve while it is upgraded.",
            f"Set `batch-size` to a number below 4, such as 2. {SERVES}",
            id="one-batch-is-the-set",
        ),
        pytest.param(
            fleet("0000"),
            whole(min_healthy=Share(75, True)),
            "Batch 1 holds all 4 running instances: nothing would serve while it is upgraded.",
            f"Set `batch-size` to a number below 4, such as 1. {SERVES}",
            id="one-batch-is-the-set-and-the-floor-is-high",
        ),
        pytest.param(
            fleet("0011", stopped="0 1"),
            whole(),
            "Batch 1 holds all 2 running instances: nothing would serve while it is upgraded.",
            f"Set `batch-size` to a number below 2, such as 1. {SERVES}",
            id="the-others-are-off",
        ),
        pytest.param(
            fleet("0000", stopped="2 3"),
            whole(include_stopped=True),
            "Batch 1 holds all 2 running instances: nothing would serve while it is upgraded.",
            f"Set `batch-size` to a number below 2, such as 1. {SERVES}",
            id="stopped-ones-in-the-batch-do-not-run",
        ),
        pytest.param(
            fleet("00", stopped="0"),
            whole(include_stopped=True),
            "Instance 1 is the only one that runs: nothing would serve while it is upgraded.",
            f"{SERVES} Else set `batch-size: 1` and scale out first: az vmss scale {WHERE} --new-capacity 3",
            id="one-that-runs-beside-a-stopped-one",
        ),
        pytest.param(
            changed(fleet("0011"), "2 3", provisioning_state="Deleting"),
            whole(),
            "Batch 1 holds all 2 running instances: nothing would serve while it is upgraded.",
            f"Set `batch-size` to a number below 2, such as 1. {SERVES}",
            id="the-others-are-being-deleted",
        ),
        pytest.param(
            fleet("0"),
            whole(),
            "Instance 0 is the only one that runs: nothing would serve while it is upgraded.",
            f"{SERVES} Else set `batch-size: 1` and scale out first: az vmss scale {WHERE} --new-capacity 2",
            id="one-instance",
        ),
        pytest.param(
            fleet("0011", unhealthy="2 3"),
            whole(),
            "Batch 1 (0, 1) holds every instance that is healthy: nothing would serve while it is upgraded.",
            f"Repair the other instances first, or set a smaller `batch-size`. {SERVES}",
            id="all-that-is-healthy",
        ),
        pytest.param(
            fleet("0011", unhealthy="2 3"),
            whole(min_healthy=Share(0)),
            "Batch 1 (0, 1) holds every instance that is healthy: nothing would serve while it is upgraded.",
            f"Repair the other instances first, or set a smaller `batch-size`. {SERVES}",
            id="all-that-is-healthy-whatever-the-floor",
        ),
        pytest.param(
            fleet("0001"),
            whole(),
            "While batch 1 (0, 1, 2) is upgraded, 1 of 4 instances would be healthy, below `min-healthy` (50% of "
            "those that run, 2).",
            "Set `batch-size: 2` or less, or a lower `min-healthy`.",
            id="below-the-default-floor",
        ),
        pytest.param(
            fleet("001122", image=NEW, new="0 1", unhealthy="0 1"),
            whole(),
            "While batch 1 (2, 3) is upgraded, 2 of 6 instances would be healthy, below `min-healthy` (50% of those "
            "that run, 3).",
            "Instances on the target image are not healthy: 0, 1. Repair them, or go back with `operation: rollback`.",
            id="those-on-the-target-are-unhealthy",
        ),
        pytest.param(
            fleet("000111"),
            whole(min_healthy=Share(4)),
            "While batch 1 (0, 1, 2) is upgraded, 3 of 6 instances would be healthy, below `min-healthy` (4).",
            "Set `batch-size: 2` or less, or a lower `min-healthy`.",
            id="below-a-count",
        ),
        pytest.param(
            fleet("0111"),
            whole(),
            "While batch 2 (1, 2, 3) is upgraded, 1 of 4 instances would be healthy, below `min-healthy` (50% of "
            "those that run, 2).",
            "Set `batch-size: 2` or less, or a lower `min-healthy`.",
            id="a-later-batch",
        ),
        pytest.param(
            fleet("0011"),
            whole(min_healthy=Share(3)),
            "While batch 1 (0, 1) is upgraded, 2 of 4 instances would be healthy, below `min-healthy` (3).",
            "Set `batch-size: 1`, or a lower `min-healthy`.",
            id="room-for-one",
        ),
        pytest.param(
            fleet("0123", unhealthy="0 1 2"),
            whole(),
            "While batch 1 (0) is upgraded, 1 of 4 instances would be healthy, below `min-healthy` (50% of those that "
            "run, 2).",
            "Only 1 of 4 is healthy now: repair the others, or lower `min-healthy`, or set `batch-size: 1` and scale "
            f"out first: az vmss scale {WHERE} --new-capacity 8",
            id="too-few-are-healthy-already",
        ),
        pytest.param(
            fleet("0123"),
            whole(min_healthy=Share(100, True)),
            "While batch 1 (0) is upgraded, 3 of 4 instances would be healthy, below `min-healthy` (100% of those that "
            "run, 4).",
            "Lower `min-healthy`.",
            id="a-floor-that-leaves-no-room-in-any-set",
        ),
        pytest.param(
            fleet("0123"),
            whole(min_healthy=Share(90, True)),
            "While batch 1 (0) is upgraded, 3 of 4 instances would be healthy, below `min-healthy` (90% of those that "
            "run, 4).",
            f"Lower `min-healthy`, or set `batch-size: 1` and scale out first: az vmss scale {WHERE} --new-capacity 10",
            id="a-floor-that-leaves-room-in-a-larger-set",
        ),
        pytest.param(
            fleet("01234", stopped="4"),
            whole(min_healthy=Share(4)),
            "While batch 1 (0) is upgraded, 3 of 5 instances would be healthy, below `min-healthy` (4).",
            f"Lower `min-healthy`, or set `batch-size: 1` and scale out first: az vmss scale {WHERE} --new-capacity 6",
            id="a-count-beside-a-stopped-one",
        ),
        pytest.param(
            fleet("0123", protected="1 3"),
            whole(refuse_protected=True),
            "Protected from scale set actions, so an upgrade would pass them by: 1, 3.",
            "Take the protection off, or use `protected-instances: skip`; this action never clears a protection.",
            id="protected",
        ),
        pytest.param(
            fleet("0123"),
            whole(bake_time=3600.0),
            "The bake time (1h00m) never ends within `batch-timeout` (1h00m).",
            "Set a shorter `bake-time` or a longer `batch-timeout`.",
            id="bake-too-long",
        ),
        pytest.param(
            fleet("0011"),
            whole(bake_time=3600.0, batch_timeout=3600.0, timeout=3600.0),
            "The bake time (1h00m) never ends within `timeout` (1h00m).",
            "Set a shorter `bake-time` or a longer `timeout`.",
            id="bake-as-long-as-the-run",
        ),
        pytest.param(
            fleet("0123"),
            whole(selection=Selection(update_domains=(1, 7))),
            "`update-domains` names 7, which the scale set does not have.",
            "It has 0, 1, 2, 3.",
            id="no-such-update-domain",
        ),
        pytest.param(
            fleet("01234"),
            whole(selection=Selection(fault_domains=(0, 8, 9))),
            "`fault-domains` names 8, 9, which the scale set does not have.",
            "It has 0, 1, 2, 3, 4.",
            id="no-such-fault-domain",
        ),
        pytest.param(
            fleet("0123", zones="1212"),
            whole(selection=Selection(zones=("1", "3"))),
            "`zones` names 3, which the scale set does not have.",
            "It has 1, 2.",
            id="no-such-zone",
        ),
        pytest.param(
            fleet("0123"),
            whole(selection=Selection(zones=("1",))),
            "`zones` names 1, which the scale set does not have.",
            "It shows none, so leave `zones` out.",
            id="no-zone-at-all",
        ),
        pytest.param(
            fleet("----"),
            Policy(selection=Selection(update_domains=(0,))),
            "`update-domains` names 0, which the scale set does not have.",
            "It shows none, so leave `update-domains` out.",
            id="no-update-domain-at-all",
        ),
        pytest.param(
            fleet("0123"),
            whole(selection=Selection(instance_ids=("2", "10", "WEB_1"))),
            "`instance-ids` names 10, WEB_1, which the scale set does not have.",
            "It has 0, 1, 2, 3.",
            id="no-such-instance",
        ),
    ],
)
def test_a_plan_is_refused(scale_set: ScaleSet, policy: Policy, sentence: str, remedy: str) -> None:
    refusals = [finding for finding in of_the_plan(scale_set, policy) if finding.severity is Severity.REFUSE]
    assert refusals == [refuse(sentence, remedy)]


NOT_LOOKED_AT = (
    "an instance counts as healthy once it is provisioned and running for {}, which does not prove that the "
    "application works."
)
TEN = changed(fleet("0123456789"), "", image=OLD)
for _number in range(9):
    TEN = changed(TEN, str(_number), image=platform(f"0.{_number}.0"))


@pytest.mark.parametrize(
    ("scale_set", "policy", "finding"),
    [
        pytest.param(
            fleet("0000"),
            ALLOW_DOWNTIME,
            warn("Batch 1 holds all 4 running instances: nothing serves while it is upgraded."),
            id="downtime-is-allowed",
        ),
        pytest.param(
            fleet("0000", stopped="3"),
            whole(allow_downtime=True, min_healthy=Share(100, True)),
            warn("Batch 1 holds all 3 running instances: nothing serves while it is upgraded."),
            id="downtime-lifts-the-floor",
        ),
        pytest.param(
            fleet("0"),
            ALLOW_DOWNTIME,
            warn("Batch 1 holds the only running instance: nothing serves while it is upgraded."),
            id="downtime-of-the-only-one",
        ),
        pytest.param(
            fleet("0011", health_signal=HealthSignal.NONE),
            whole(),
            warn(
                f"Health is not looked at (none): {NOT_LOOKED_AT.format('5m00s')}",
                "Add the Application Health extension or a load balancer health probe to the model.",
            ),
            id="no-health-signal",
        ),
        pytest.param(
            fleet("0011", health_signal=HealthSignal.IGNORED),
            whole(bake_time=90.0),
            warn(
                f"Health is not looked at (ignored, as `health: ignore` asks): {NOT_LOOKED_AT.format('1m30s')}",
                "Leave `health` out to go by the scale set's own signal.",
            ),
            id="health-is-ignored",
        ),
        pytest.param(
            TEN,
            whole(),
            warn(
                "The scale set may run 10 distinct models already (10 different images are in use); Azure refuses an "
                "eleventh.",
                "If it does, bring the instances to the model as it stands first, with `operation: upgrade-instances`.",
            ),
            id="ten-models",
        ),
        pytest.param(
            changed(TEN, "9", image=platform("0.0.0")),
            whole(),
            warn(
                "The scale set may run 10 distinct models already (10 different images are in use); Azure refuses an "
                "eleventh.",
                "If it does, bring the instances to the model as it stands first, with `operation: upgrade-instances`.",
            ),
            id="ten-models-with-the-model-s-own",
        ),
        pytest.param(
            fleet("0011", unhealthy="0 1 2 3"),
            whole(min_healthy=Share(0)),
            note("Not healthy before the rollout, so first in their domain: 0, 1, 2, 3."),
            id="where-nobody-is-healthy-nobody-is-lost",
        ),
        pytest.param(
            fleet("0011", unhealthy="2 3"),
            ALLOW_DOWNTIME,
            note("Not healthy before the rollout, so first in their domain: 2, 3."),
            id="downtime-of-all-that-is-healthy",
        ),
        pytest.param(
            changed(fleet("0123"), "1 2", behind_in=("VM size", "network")),
            whole(),
            warn(
                "An upgrade also brings in what else has changed in the model since: VM size (instances 1, 2); network "
                "(instances 1, 2)."
            ),
            id="changes-that-wait",
        ),
        pytest.param(
            fleet("0123", behind="1"),
            whole(),
            warn(
                "An upgrade also brings in what else has changed in the model since: settings that instances do not "
                "show, or only how the image is named or that it was put back (instance 1)."
            ),
            id="changes-that-wait-unseen",
        ),
        pytest.param(
            fleet("0123", individual="2"),
            whole(),
            warn(
                "Changed individually (modelDefinitionApplied is VirtualMachine), so an upgrade takes their own "
                "changes back: 2."
            ),
            id="changed-individually",
        ),
        pytest.param(
            fleet("0123", ephemeral_os_disk=True),
            whole(),
            warn(
                "The OS disks are ephemeral (diffDiskSettings.option is Local): what an instance has stored on its OS "
                "disk or its temporary disk is lost when it is upgraded."
            ),
            id="ephemeral",
        ),
        pytest.param(
            fleet("001122", unhealthy="1 3"),
            whole(),
            note("Not healthy before the rollout, so first in their domain: 1, 3."),
            id="unhealthy-before",
        ),
        pytest.param(
            fleet("001122", silent="3"),
            whole(),
            note("These report no health, so they are not known to be healthy and go first in their domain: 3."),
            id="silent-before",
        ),
        pytest.param(
            fleet("001122", image=NEW, new="0 1", unhealthy="1"),
            whole(),
            warn("On the target image already, but not healthy: 1. Nothing more is upgraded until it is."),
            id="unhealthy-on-the-target",
        ),
        pytest.param(
            changed(fleet("001122"), "0 1 2 3 4 5", image=platform("3.0.0")),
            whole(),
            note(
                "The target image Canonical:jammy:22_04-lts:2.0.0 is older than what the instances run "
                "(Canonical:jammy:22_04-lts:3.0.0)."
            ),
            id="going-back",
        ),
        pytest.param(
            fleet("001122", new="1", unhealthy="1"),
            whole(),
            warn("On the target image already, but not healthy: 1. It is left as it is."),
            id="unhealthy-on-the-target-that-the-model-has-not",
        ),
        pytest.param(
            fleet("0123", stopped="3", deallocated="1"),
            whole(include_stopped=True),
            note("Stopped, and upgraded all the same: 1, 3. They stay as they are, so their health is not looked at."),
            id="stopped-included",
        ),
        pytest.param(
            fleet("001122"),
            whole(canary=5),
            note(
                "`canary` asks for 5; 2 go first, because the first domain, or a batch, holds no more, or others run "
                "the target already."
            ),
            id="canary-too-large",
        ),
        pytest.param(
            fleet("001122", new="0"),
            whole(canary=1),
            note(
                "`canary` asks for 1; 0 go first, because the first domain, or a batch, holds no more, or others run "
                "the target already."
            ),
            id="canary-has-been",
        ),
    ],
)
def test_a_plan_is_said_of(scale_set: ScaleSet, policy: Policy, finding: Finding) -> None:
    assert of_the_plan(scale_set, policy) == (finding,)


@pytest.mark.parametrize(
    ("scale_set", "policy"),
    [
        pytest.param(fleet("0011"), whole(), id="usual"),
        pytest.param(fleet(""), whole(), id="empty"),
        pytest.param(fleet("0011", new="0 1 2 3", health_signal=HealthSignal.NONE), whole(), id="nothing-moves"),
        pytest.param(fleet("0011", new="0 1 2 3", ephemeral_os_disk=True), whole(), id="nothing-ephemeral-moves"),
        pytest.param(fleet("0011", new="0 1 2 3"), whole(bake_time=9999.0), id="nothing-to-bake"),
        pytest.param(fleet("0011"), whole(bake_time=3599.0), id="a-bake-that-just-fits"),
        pytest.param(
            fleet("001122", image=NEW, new="1", stopped="1"), whole(), id="a-stopped-one-on-the-target-is-not-unhealthy"
        ),
        pytest.param(
            changed(fleet("001122", image=NEW, new="1"), "1", provisioning_state="Deleting"),
            whole(),
            id="nor-is-one-that-is-being-deleted",
        ),
        pytest.param(fleet("0011", new="0 1"), whole(), id="a-batch-that-is-all-that-moves-but-not-all-that-runs"),
        pytest.param(fleet("0011", protected="1"), whole(), id="protected-is-skipped"),
        pytest.param(fleet("0011"), whole(refuse_protected=True), id="nobody-is-protected"),
        pytest.param(
            fleet("0123", protected="1"),
            whole(refuse_protected=True, selection=Selection(update_domains=(0, 2))),
            id="protected-but-not-asked-for",
        ),
        pytest.param(
            fleet("0123", protected="1", new="1"), whole(refuse_protected=True), id="protected-but-on-the-target"
        ),
        pytest.param(fleet("0000"), whole(batch_size=Share(2)), id="a-smaller-batch-size-is-the-way-out"),
        pytest.param(fleet("0001"), whole(batch_size=Share(2)), id="as-large-as-the-remedy-says"),
        pytest.param(fleet("0001"), whole(min_healthy=Share(1)), id="or-a-lower-floor"),
        pytest.param(fleet("0001"), ALLOW_DOWNTIME, id="or-no-floor"),
        pytest.param(fleet("001122"), whole(canary=2), id="canary-fits"),
        pytest.param(changed(TEN, "8", image=platform("0.1.0")), whole(), id="nine-models"),
        pytest.param(
            fleet("0123", target=platform("1.5"), new="1", image=platform("1.5"), behind="2"),
            whole(),
            id="behind-because-of-the-image",
        ),
        pytest.param(fleet("0123", behind="1", new="1"), whole(), id="changes-of-one-that-does-not-move"),
        pytest.param(fleet("0123", behind="1", new="0"), whole(), id="behind-because-the-image-was-put-back"),
        pytest.param(
            fleet("0123", zones="12ab"), whole(selection=Selection(zones=("A", "B"))), id="zones-without-case"
        ),
    ],
)
def test_a_plan_with_nothing_to_say_about(scale_set: ScaleSet, policy: Policy) -> None:
    assert of_the_plan(scale_set, policy) == ()


def test_every_finding_is_said_at_once_refusals_first() -> None:
    scale_set = fleet("0011", unhealthy="1", stopped="3", protected="2", individual="0", ephemeral_os_disk=True)
    policy = whole(refuse_protected=True, selection=Selection(update_domains=(0, 1, 9)), bake_time=3600.0, canary=9)
    severities = [finding.severity for finding in of_the_plan(scale_set, policy)]
    assert severities.count(Severity.REFUSE) == 4
    assert severities.count(Severity.WARN) == 2
    assert severities.count(Severity.NOTE) == 2
    assert severities == sorted(severities, key=[Severity.REFUSE, Severity.WARN, Severity.NOTE].index)


def test_long_lists_are_cut() -> None:
    scale_set = fleet("0" * 30 + "1" * 30, individual=" ".join(map(str, range(25))))
    (finding,) = of_the_plan(scale_set)
    assert finding.message.endswith(f": {', '.join(map(str, range(20)))} and 5 more.")


def test_pending_changes_are_warned_of_if_the_target_is_an_older_image() -> None:
    newer = platform("3.0.0")
    found = of_the_plan(fleet("0123", image=newer, old=newer, new="3", behind="1"))
    assert any("or that it was put back (instance 1)" in finding.message for finding in found)


def test_pending_changes_are_no_finding_if_the_whole_model_is_the_goal() -> None:
    scale_set = changed(fleet("0123", behind="1"), "1", behind_in=("VM size",))
    plan = plan_rollout(scale_set, goal_of(scale_set.model), whole())
    assert plan.instance_ids == ("1",)
    assert examine_plan(scale_set, plan, whole()) == ()


def test_a_floating_image_that_is_older_than_what_runs_is_warned_of() -> None:
    scale_set = changed(fleet("001122"), "0 1 2 3 4 5", image=platform("3.0.0"))
    plan = replace(plan_of(scale_set), pinned=platform("latest"))
    assert examine_plan(scale_set, plan, whole()) == (
        warn(
            f"The target image {NEW} is older than what the instances run ({platform('3.0.0')}).",
            "Where that is not meant, find out why a newer version does not count as the latest.",
        ),
    )


def test_ten_models_are_no_matter_where_the_model_is_not_written() -> None:
    scale_set = replace(TEN, model=replace(TEN.model, image=NEW))
    assert of_the_plan(scale_set) == ()


@pytest.mark.parametrize(
    ("scale_set", "policy"),
    [
        pytest.param(fleet("0"), whole(), id="one-instance"),
        pytest.param(fleet("0000", unhealthy="0 1 2 3"), whole(), id="unhealthy"),
        pytest.param(fleet("0011", protected="1"), whole(refuse_protected=True), id="protected"),
        pytest.param(fleet("0011", nowhere="1"), whole(), id="without-a-place"),
        pytest.param(fleet("0011", health_signal=HealthSignal.NONE), whole(), id="no-signal"),
        pytest.param(fleet("----"), whole(strategy=Strategy.ZONE), id="without-zones"),
    ],
)
def test_nothing_is_said_where_only_the_model_is_written(scale_set: ScaleSet, policy: Policy) -> None:
    plan = plan_model_update(scale_set, goal_to(NEW, scale_set))
    assert examine_plan(scale_set, plan, policy) == ()


def test_a_latest_version_that_is_older_than_what_runs_is_a_warning() -> None:
    scale_set = changed(fleet("001122"), "0 1 2 3 4 5", image=platform("3.0.0"))
    plan = replace(plan_of(scale_set), pinned=platform("latest"))
    (finding,) = examine_plan(scale_set, plan, whole())
    assert finding.severity is Severity.WARN
    assert finding.remedy == "Where that is not meant, find out why a newer version does not count as the latest."
