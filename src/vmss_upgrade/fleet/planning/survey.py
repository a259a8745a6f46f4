"""Planning the scale sets of a fleet, each by `operation: plan` with its own inputs.

An image that floats is resolved once: the first scale set that is planned for it decides the version, and every other
one that wishes for it is planned with that very version, which its region may lack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Final

from vmss_upgrade.account import Account
from vmss_upgrade.driver.run import run_rollout
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.errors import AzureError, InputError
from vmss_upgrade.fleet.plan import PlannedSet
from vmss_upgrade.fleet.planning.members import Member
from vmss_upgrade.fleet.planning.verdict import findings_of, left_out, planned_set
from vmss_upgrade.inputs import parse_inputs
from vmss_upgrade.inputs.fleet import environ_of
from vmss_upgrade.job.clock import date_by
from vmss_upgrade.ports import Clock, ScaleSetApi, Web
from vmss_upgrade.rollout.findings import refuse
from vmss_upgrade.rollout.history.events import RefusedAsFound, Waiting
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.image import Image, ImageKind, ImageRequest
from vmss_upgrade.rollout.order import Order

Connect = Callable[[Account, float], ScaleSetApi]

# Resource Manager gives 250 reads at once and 25 more a second; a fifth of both is left to others.
READS_AT_ONCE: Final = 200
READS_PER_SECOND: Final = 20
READS_OF_A_SET: Final = 12  # about
NO_TIME: Final = refuse(
    "This scale set was not read: the `timeout` passed before its turn.",
    "Give `timeout` a longer time, or plan fewer `waves` in a run.",
)


class Survey:
    """Plans scale sets until `ends`, by the clock. `connect` reaches one of them within so many seconds."""

    def __init__(self, environ: Mapping[str, str], connect: Connect, clock: Clock, web: Web, *, ends: float) -> None:
        self._environ = environ
        self._connect = connect
        self._clock = clock
        self._web = web
        self._began, self._ends = clock.now(), ends
        self._asked = 0
        self._pins: dict[tuple[str, ...], Image] = {}

    def plan(self, member: Member, own: Clock) -> Steps[PlannedSet]:
        """Return what is planned for a scale set, by its `own` clock; whatever is wrong is in it. Yields the waits."""
        self._clock.sleep(pause_before(self._asked, self._clock.now() - self._began))
        if self._clock.now() >= self._ends:
            return left_out(member, NO_TIME)
        self._asked += 1
        try:
            environ = environ_of(self._environ, member.reference)
            inputs = parse_inputs(environ, now=date_by(self._clock) or 0.0)
            report = yield from self._planned(inputs.account, inputs.order, own)
        except (AzureError, InputError) as error:
            return left_out(member, *findings_of(error))
        if report.ending is None:
            return left_out(member, NO_TIME)
        return planned_set(member, report)

    def _planned(self, account: Account, order: Order, own: Clock) -> Steps[Report]:
        """Return the report of a plan by the exact image that others of this wish get."""
        pin = self._pins.get(_named(order.image).key)
        report = yield from self._report(account, order if pin is None else replace(order, image=request_for(pin)), own)
        if report.plan is None or report.plan.pinned is None:
            return report
        pin = self._pins.setdefault(report.plan.pinned.key, report.plan.reaches)
        if not pin.same_as(report.plan.reaches):  # a version that was published, or not yet, in this region
            report = yield from self._report(account, replace(order, image=request_for(pin)), own)
        return report

    def _report(self, account: Account, order: Order, own: Clock) -> Steps[Report]:
        """Return the report of a plan, without an ending if the time was over."""
        report = Report()
        api = self._connect(account, self._ends - self._clock.now())
        with closing(run_rollout(order, api, own, self._web)) as events:
            for event in events:
                report.add(event)
                if isinstance(event, RefusedAsFound):
                    report.before = event.scale_set.instances  # a fleet's plan shows them, too
                if isinstance(event, Waiting):
                    yield event
                    if self._clock.now() + event.seconds > self._ends:
                        break
        return report


def pause_before(number: int, elapsed: float) -> float:
    """Return the seconds to wait before a scale set, if so many were read in the time `elapsed`."""
    return max(0.0, (number * READS_OF_A_SET - READS_AT_ONCE) / READS_PER_SECOND - elapsed)


def request_for(image: Image) -> ImageRequest:
    """Return the wish for exactly this image."""
    if image.kind is ImageKind.PLATFORM:
        return ImageRequest(publisher=image.publisher, offer=image.offer, sku=image.sku, version=image.version)
    return ImageRequest(image_uri=image.reference) if image.is_vhd else ImageRequest(image_id=image.reference)


def _named(request: ImageRequest) -> Image:
    """Return the image of a wish as it stands; what it leaves to the model is empty, so that it is no other's wish."""
    return Image(
        kind=request.kind,
        publisher=request.publisher,
        offer=request.offer,
        sku=request.sku,
        version=request.version,
        reference=request.image_id or request.image_uri,
    )
