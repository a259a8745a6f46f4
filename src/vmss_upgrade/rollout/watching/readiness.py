"""Readiness of an instance: running, healthy and current; and which of its failures are new."""

from __future__ import annotations

from collections.abc import Mapping

from vmss_upgrade.rollout.failures import Failure, FailureCode
from vmss_upgrade.rollout.goal import is_on
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.scale_set import Health, Instance, Power, Problem


def not_ready(
    instance: Instance, target: Image, signal: HealthSignal, *, flag_matters: bool, may_be_stopped: bool = False
) -> Failure | None:
    """Return the first reason why `instance` cannot pass yet; None when it is ready.

    `flag_matters` False: `latestModelApplied` is not asked for, because the rest of the model changed meanwhile.
    `may_be_stopped`: the instance was stopped before, and an upgrade does not start it; then it need not be healthy.
    """

    def pending(code: FailureCode, message: str, *, blames_image: bool = False) -> Failure:
        return Failure(instance.id, code, message, blames_image=blames_image)

    if not instance.seen:
        return pending(FailureCode.NOT_SEEN, "is missing from Azure's latest list of instances")
    if instance.is_changing:
        return pending(FailureCode.STILL_UPDATING, f"provisioning state is still {instance.provisioning}")
    if not instance.is_provisioned:
        return pending(FailureCode.NOT_PROVISIONED, f"provisioning state is {instance.provisioning}")
    if not is_on(instance, target):
        return pending(FailureCode.NOT_ON_TARGET, f"still runs {instance.image or 'an image that Azure does not show'}")
    is_off_as_before = may_be_stopped and instance.is_stopped
    if instance.power is not Power.RUNNING and not is_off_as_before:
        return pending(FailureCode.NOT_RUNNING, f"power state is {instance.power.value}")
    if flag_matters and instance.latest_model_applied is False:
        return pending(FailureCode.NOT_CURRENT, "has the image, but latestModelApplied is still false")
    if signal.proves_health and instance.health is not Health.HEALTHY and not is_off_as_before:
        return pending(
            FailureCode.NOT_HEALTHY,
            f"health is {instance.health.value} (signal: {signal.value})",
            blames_image=instance.health is Health.UNHEALTHY,
        )
    return None


def new_problems(instance: Instance, known: Mapping[str, tuple[Problem, ...]]) -> tuple[Problem, ...]:
    """Return the failures that the instance shows while Azure leaves it alone, besides those `known` by its id."""
    old = {problem.key for problem in known.get(instance.id, ())}
    return () if instance.is_changing else tuple(each for each in instance.problems if each.key not in old)
