"""Every kind of image x every strategy x both orchestrations x every placement: planned, or refused in one sentence.

Fifteen instances each. What must come of a combination is worked out here from what such a set shows, and from what
the strategies promise, and not with the planner's own functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import pytest

from builders import GALLERY, changed, instance, model, platform, resource, vhd
from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.checks.plan import examine_plan
from vmss_upgrade.rollout.findings import Severity
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.image import Image, ImageKind, ImageRequest, wanted_image
from vmss_upgrade.rollout.image_facts import ImageVersion, newest_first
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.planning.planner import plan_rollout, still_due
from vmss_upgrade.rollout.policy import Policy, Strategy
from vmss_upgrade.rollout.scale_set import DomainKind, Instance, ScaleSet

COUNT = 15
VERSIONS = [ImageVersion(name=name) for name in ("1.0.0", "2.0.0", "1.9.0")]


# -- the four things that are combined -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Images:
    """What the set runs, what is asked for, and the exact image that must come of it."""

    runs: Image
    request: ImageRequest
    target: Image


def of(kind: ImageKind, reference: str) -> Image:
    return Image(kind=kind, reference=reference)


MANAGED = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/web"
SHARED = "/SharedGalleries/unique/Images/web/Versions"
COMMUNITY = "/CommunityGalleries/public-1/Images/web/Versions"
BLOB = "https://account.blob.core.windows.net/images"
IMAGES = {
    "platform-version": Images(platform("1.0.0"), ImageRequest(version="2.0.0"), platform("2.0.0")),
    "platform-latest": Images(platform("latest"), ImageRequest(version="latest"), platform("2.0.0")),
    "managed-image": Images(resource(f"{MANAGED}-1"), ImageRequest(image_id=f"{MANAGED}-2"), resource(f"{MANAGED}-2")),
    "gallery-version": Images(
        resource(f"{GALLERY}/versions/1.0.0"),
        ImageRequest(image_id=f"{GALLERY}/versions/2.0.0"),
        resource(f"{GALLERY}/versions/2.0.0"),
    ),
    "shared-gallery": Images(
        of(ImageKind.SHARED_GALLERY, f"{SHARED}/1.0.0"),
        ImageRequest(image_id=f"{SHARED}/2.0.0"),
        of(ImageKind.SHARED_GALLERY, f"{SHARED}/2.0.0"),
    ),
    "community-gallery": Images(
        of(ImageKind.COMMUNITY_GALLERY, f"{COMMUNITY}/1.0.0"),
        ImageRequest(image_id=f"{COMMUNITY}/2.0.0"),
        of(ImageKind.COMMUNITY_GALLERY, f"{COMMUNITY}/2.0.0"),
    ),
    "vhd": Images(vhd(f"{BLOB}/1.vhd"), ImageRequest(image_uri=f"{BLOB}/2.vhd"), vhd(f"{BLOB}/2.vhd")),
}

# What instances of such a set show. Flexible sets have no update domains and no placement groups, and fault domains
# only where they are regional; a regional Uniform set with one fault domain shows none of either, a zonal one zones.
SHOWN = {
    ("uniform", "regional"): {"update", "fault"},
    ("uniform", "one-fault-domain"): set(),
    ("uniform", "zonal"): {"zone"},
    ("uniform", "placement-groups"): {"update", "fault", "group"},
    ("flexible", "regional"): {"fault"},
    ("flexible", "one-fault-domain"): set(),
    ("flexible", "zonal"): {"zone"},
    ("flexible", "placement-groups"): {"fault"},
}
NEEDED = {"update-domain": "update", "fault-domain": "fault", "zone": "zone"}


@dataclass(frozen=True)
class Combination:
    image: str
    strategy: str
    orchestration: str
    placement: str

    def __str__(self) -> str:
        return "-".join((self.image, self.strategy, self.orchestration, self.placement))

    @property
    def exists(self) -> bool:
        """Flexible sets have managed disks, so that there is none with a VHD."""
        return not (self.image == "vhd" and self.orchestration == "flexible")

    @property
    def shown(self) -> set[str]:
        return SHOWN[self.orchestration, self.placement]

    @property
    def makes_sense(self) -> bool:
        return self.strategy not in NEEDED or NEEDED[self.strategy] in self.shown

    def one(self, number: int) -> Instance:
        """Return an instance: three to an update or fault domain, five to a zone, eight or seven to a group."""
        flexible = self.orchestration == "flexible"
        runs = IMAGES[self.image].runs
        exact = platform("1.0.0") if runs.is_floating else runs
        return instance(
            f"web_{number:08x}" if flexible else str(number),
            image=None if runs.is_vhd else exact,
            latest_model_applied=None if flexible else True,
            update_domain=number % 5 if "update" in self.shown else None,
            fault_domain=number % 5 if "fault" in self.shown else None,
            zone=str(number % 3 + 1) if "zone" in self.shown else "",
            placement_group=("a" if number < 8 else "b") if "group" in self.shown else "",
        )

    @property
    def scale_set(self) -> ScaleSet:
        flexible = self.orchestration == "flexible"
        return ScaleSet(
            model=model(image=IMAGES[self.image].runs, is_flexible=flexible),
            instances=tuple(map(self.one, range(COUNT))),
        )

    @property
    def policy(self) -> Policy:
        return Policy(strategy=Strategy(self.strategy))

    def plan(self) -> RolloutPlan:
        return plan_rollout(self.scale_set, Goal(image=self.target(), in_model=False), self.policy)

    def target(self) -> Image:
        """Return the image as a run resolves it: completed from the model, then pinned."""
        wanted = wanted_image(IMAGES[self.image].request, IMAGES[self.image].runs)
        latest = newest_first(VERSIONS)[0]
        assert latest
        return wanted.at_version(latest) if wanted.is_floating else wanted


EVERY = [
    Combination(*parts)
    for parts in product(
        IMAGES,
        [strategy.value for strategy in Strategy if strategy is not Strategy.NATIVE],  # there Azure makes the batches
        ["uniform", "flexible"],
        ["regional", "one-fault-domain", "zonal", "placement-groups"],
    )
]
PLANNED = [one for one in EVERY if one.exists and one.makes_sense]
REFUSED = [one for one in EVERY if one.exists and not one.makes_sense]


def test_none_is_left_out() -> None:
    assert len(EVERY) == 7 * 5 * 2 * 4 == len(set(EVERY))
    assert (len(PLANNED), len(REFUSED)) == (157, 103)
    assert len([one for one in EVERY if not one.exists]) == 20


# -- what must come of them ----------------------------------------------------------------------------------------


def ways(one: Combination) -> str:
    """Return what the set is rolled by: update, fault, zone or the whole."""
    if one.strategy in NEEDED:
        return NEEDED[one.strategy]
    if one.strategy == "batch":
        return "whole"
    return "update" if "update" in one.shown else "zone" if "zone" in one.shown else "whole"


def expected_batches(one: Combination) -> Iterator[list[int]]:
    """Return the numbers of the instances in each batch. A fifth of fifteen is three."""
    groups = [range(8), range(8, COUNT)] if "group" in one.shown else [range(COUNT)]
    match ways(one):
        case "update" | "fault":  # three to a domain, or two and one where the groups divide it
            for group in groups:
                for domain in range(5):
                    yield [number for number in group if number % 5 == domain]
        case "zone":
            for zone in range(3):
                members = [number for number in range(COUNT) if number % 3 == zone]
                yield members[:3]
                yield members[3:]


KINDS = {
    "update": DomainKind.UPDATE,
    "fault": DomainKind.FAULT,
    "zone": DomainKind.ZONE,
    "whole": DomainKind.SET,
}


@pytest.mark.parametrize("one", PLANNED, ids=str)
def test_a_combination_is_planned(one: Combination) -> None:
    plan, scale_set = one.plan(), one.scale_set
    assert plan.reaches == IMAGES[one.image].target
    assert not plan.reaches.is_floating
    assert plan.update_model
    assert plan.leaves == (platform("1.0.0") if one.image.startswith("platform") else IMAGES[one.image].runs)
    assert plan.grouping is KINDS[ways(one)]
    assert sorted(plan.instance_ids) == sorted(i.id for i in scale_set.instances), "everybody moves"
    assert (plan.skipped, plan.untouched) == ((), ())
    number_of = {i.id: number for number, i in enumerate(scale_set.instances)}
    batches = [[number_of[id_] for id_ in batch.instance_ids] for batch in plan.batches]
    if ways(one) == "whole":
        assert [len(batch) for batch in batches] == [3] * 5
        assert_spread(one, batches)
    else:
        assert batches == list(expected_batches(one))
    findings = examine_plan(scale_set, plan, one.policy)
    assert {finding.severity for finding in findings} <= {Severity.NOTE}, "nothing is wrong with it"
    assert len(findings) == scale_set.model.image.is_floating, "what pinning means is noted"


def assert_spread(one: Combination, batches: list[list[int]]) -> None:
    """Assert that a batch of three has three update or fault domains, an instance of each zone; else it goes by id."""
    for number, batch in enumerate(batches):
        if "zone" in one.shown:
            assert len({member % 3 for member in batch}) == 3
        elif "group" in one.shown:
            assert max(Counter(member % 5 for member in batch).values()) <= 2
        elif "fault" in one.shown:
            assert len({member % 5 for member in batch}) == 3
        else:
            assert batch == [number * 3, number * 3 + 1, number * 3 + 2]


@pytest.mark.parametrize("one", PLANNED, ids=str)
def test_a_combination_is_carried_on_after_every_batch(one: Combination) -> None:
    """Plan again by the image that instances show, or by the flag alone, as for a VHD."""
    plan, policy = one.plan(), one.policy
    flexible = one.orchestration == "flexible"
    target = plan.reaches
    now = replace(one.scale_set, model=replace(one.scale_set.model, image=target))
    now = changed(now, now.by_id, latest_model_applied=None if flexible else False)
    goal = Goal(image=target, in_model=True)
    for done, batch in enumerate(plan.batches):
        left = plan_rollout(now, goal, policy).batches
        assert [(b.domain, b.instance_ids) for b in left] == [(b.domain, b.instance_ids) for b in plan.batches[done:]]
        assert still_due(batch, now, goal, policy) == batch
        shown = None if target.is_vhd else target
        now = changed(now, batch.instance_ids, image=shown, latest_model_applied=None if flexible else True)
    assert plan_rollout(now, goal, policy).batches == ()


ARE_SHOWN = {
    "update-domain": "Update domains are shown by regional Uniform scale sets with more than one fault domain.",
    "fault-domain": "Fault domains are shown by regional scale sets with more than one of them.",
    "zone": "Zones are shown by scale sets that were created with `zones`.",
}
NAMES = {"update-domain": "an update domain", "fault-domain": "a fault domain", "zone": "a zone"}


@pytest.mark.parametrize("one", REFUSED, ids=str)
def test_a_combination_that_makes_no_sense_is_refused(one: Combination) -> None:
    with pytest.raises(PlanRefused) as refused:
        one.plan()
    assert str(refused.value) == (
        f"No instance shows {NAMES[one.strategy]}, so `strategy: {one.strategy}` has nothing to go by. "
        f"{ARE_SHOWN[one.strategy]}"
    )
    would_go_by = {"update": "update domains", "zone": "zones", "whole": "the set as a whole, in batches"}
    by = would_go_by[ways(replace(one, strategy="auto"))]
    assert refused.value.remedy == f"Leave `strategy` out (it would go by {by}), or use `strategy: batch`."


@pytest.mark.parametrize(
    ("runs", "request_", "sentence"),
    [
        pytest.param(
            IMAGES[runs].runs,
            IMAGES[asked].request,
            f"The scale set runs a {IMAGES[runs].runs.kind.value} ({IMAGES[runs].runs}); a "
            f"{IMAGES[asked].target.kind.value} was asked for, and Azure does not let a scale set change the kind of "
            "its image.",
            id=f"{runs}-to-{asked}",
        )
        for runs, asked in product(IMAGES, IMAGES)
        if IMAGES[runs].runs.kind is not IMAGES[asked].target.kind
    ],
)
def test_an_image_of_another_kind_is_refused(runs: Image, request_: ImageRequest, sentence: str) -> None:
    """Refuse a VHD on a Flexible set, too: such a set never runs one."""
    with pytest.raises(PlanRefused) as refused:
        wanted_image(request_, runs)
    assert str(refused.value) == sentence
    assert refused.value.remedy == "Give the inputs of the same kind of image, or create a new scale set."
