"""What is said of a target image: the whole text and what to do, as a user reads them."""

from __future__ import annotations

from typing import Any

import pytest

from builders import GALLERY, NEW, platform, resource, vhd
from vmss_upgrade.rollout.checks.image import (
    examine_image,
    floating_model,
    is_replicating,
    latest_denied,
    latest_missing,
    latest_of_another_tenant,
    only_the_image,
)
from vmss_upgrade.rollout.failures import COPY_OR_SHARE
from vmss_upgrade.rollout.findings import Finding, Severity, note, refuse, warn
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState, Replication, Traits

VERSION = resource(f"{GALLERY}/versions/2.0.0")
MANAGED = resource("/subscriptions/s/resourceGroups/images/providers/Microsoft.Compute/images/web")
SHARED = Image(kind=ImageKind.SHARED_GALLERY, reference="/SharedGalleries/u/Images/web/Versions/2.0.0")
COMMUNITY = Image(kind=ImageKind.COMMUNITY_GALLERY, reference="/CommunityGalleries/p-1/Images/web/Versions/2.0.0")
VHD = vhd("https://account.blob.core.windows.net/images/new.vhd?sig=SECRET")
BOOTS = Traits(os="Linux", generation="V2", architecture="x64", plan="")


def examined(target: Image, on_set: Traits = BOOTS, **facts: Any) -> tuple[Finding, ...]:
    known: dict[str, Any] = {"state": ImageState.FOUND, "traits": BOOTS, **facts}
    return examine_image(target, ImageFacts(**known), on_set, location="westeurope")


NOT_FOLLOWED = (
    "If the identity has no role there at all, Azure's operations cannot be followed either, and the instances are "
    "watched instead."
)
TO_THE_SUBSCRIPTION = (
    "Assign the role in examples/roles/reader.json to the subscription, not to a resource group in it."
)


@pytest.mark.parametrize(
    ("target", "facts", "finding"),
    [
        pytest.param(
            NEW,
            {"state": ImageState.MISSING},
            refuse(
                "The target image Canonical:jammy:22_04-lts:2.0.0 does not exist in westeurope.",
                "Correct the image inputs, or wait until the image is published or replicated to this region.",
            ),
            id="missing",
        ),
        pytest.param(
            NEW,
            {"state": ImageState.DENIED},
            warn(
                "Could not check that Canonical:jammy:22_04-lts:2.0.0 exists: the identity lacks the role "
                "Reader (Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read) on the "
                f"subscription. {NOT_FOLLOWED}",
                TO_THE_SUBSCRIPTION,
            ),
            id="denied-platform",
        ),
        pytest.param(
            VERSION,
            {"state": ImageState.OTHER_TENANT},
            warn(
                f"Could not check that {GALLERY}/versions/2.0.0 exists: it belongs to another tenant than the "
                "one that the identity signed in to, and Azure may refuse the image.",
                COPY_OR_SHARE,
            ),
            id="another-tenant",
        ),
        pytest.param(
            VERSION,
            {"state": ImageState.DENIED},
            note(
                f"Could not check that {GALLERY}/versions/2.0.0 exists: the identity lacks the role Reader "
                f"(Microsoft.Compute/galleries/images/versions/read) on {GALLERY.removesuffix('/images/web')}."
            ),
            id="denied-gallery",
        ),
        pytest.param(
            MANAGED,
            {"state": ImageState.DENIED},
            note(
                f"Could not check that {MANAGED} exists: the identity lacks the role Reader "
                f"(Microsoft.Compute/images/read) on {MANAGED}."
            ),
            id="denied-managed",
        ),
        pytest.param(
            SHARED,
            {"state": ImageState.DENIED},
            warn(
                "Could not check that /SharedGalleries/u/Images/web/Versions/2.0.0 exists: the identity lacks "
                "the role Reader (Microsoft.Compute/locations/sharedGalleries/images/versions/read) on the "
                f"subscription. {NOT_FOLLOWED}",
                TO_THE_SUBSCRIPTION,
            ),
            id="denied-shared",
        ),
        pytest.param(
            COMMUNITY,
            {"state": ImageState.DENIED},
            warn(
                "Could not check that /CommunityGalleries/p-1/Images/web/Versions/2.0.0 exists: the identity "
                "lacks the role Reader (Microsoft.Compute/locations/communityGalleries/images/versions/read) on the "
                f"subscription. {NOT_FOLLOWED}",
                TO_THE_SUBSCRIPTION,
            ),
            id="denied-community",
        ),
        pytest.param(
            VHD,
            {"state": ImageState.UNKNOWABLE},
            note("Could not check beforehand that https://account.blob.core.windows.net/images/new.vhd exists."),
            id="nobody-can-be-asked-of-a-vhd",
        ),
        pytest.param(
            NEW,
            {"deprecated": True, "deprecation_date": "2026-01-31"},
            refuse(
                "The target image Canonical:jammy:22_04-lts:2.0.0 is deprecated: no new instance can be made from it.",
                "Name a version that is not.",
            ),
            id="deprecated",
        ),
        pytest.param(
            NEW,
            {"deprecation_date": "2027-01-31"},
            warn("The target image Canonical:jammy:22_04-lts:2.0.0 is scheduled for deprecation on 2027-01-31."),
            id="deprecated-soon",
        ),
        pytest.param(
            VERSION,
            {"end_of_life": "2026-01-31", "past_end_of_life": True},
            warn(f"The target image {VERSION} is past its end of life (2026-01-31)."),
            id="past-its-end-of-life",
        ),
        pytest.param(
            VERSION,
            {"replication": Replication.REPLICATING, "progress": 40},
            refuse(
                f"The target image {VERSION} is still being replicated to westeurope (40%).",
                "Run again later, or let this run wait for it: `wait-for-replication: 30m`.",
            ),
            id="replicating",
        ),
        pytest.param(
            VERSION,
            {"replication": Replication.FAILED},
            refuse(
                f"The replication of the target image {VERSION} to westeurope has failed.",
                "See `az sig image-version show --expand ReplicationStatus` for the reason, or publish a new version.",
            ),
            id="replication-failed",
        ),
        pytest.param(
            VERSION,
            {"replication": Replication.NOT_ASKED_FOR},
            refuse(
                f"The target image {VERSION} is not replicated to westeurope, where the scale set is.",
                "Add the region to its target regions: az sig image-version update --target-regions ... westeurope",
            ),
            id="not-replicated-here",
        ),
        pytest.param(
            VERSION,
            {"replication": Replication.UNKNOWN},
            note(f"Could not read how far {VERSION} is replicated to westeurope."),
            id="replication-not-known",
        ),
    ],
)
def test_a_target_image(target: Image, facts: dict[str, Any], finding: Finding) -> None:
    assert examined(target, **facts) == (finding,)


@pytest.mark.parametrize("target", [NEW, VERSION, MANAGED, SHARED, COMMUNITY], ids=lambda image: image.kind.name)
def test_a_target_image_with_nothing_to_say_about(target: Image) -> None:
    assert examined(target) == ()


def test_an_end_of_life_to_come_is_noted() -> None:
    assert examined(VERSION, end_of_life="2030-01-01") == (
        note(f"The target image {VERSION} reaches its end of life on 2030-01-01."),
    )


WOULD_NOT_BOOT = (
    "The target image {} has {} {}, but the scale set runs {}: its instances would not boot.",
    "Choose an image with {} {}, or create a new scale set.",
)


@pytest.mark.parametrize(
    ("trait", "name", "one", "other"),
    [
        pytest.param("generation", "hypervisor generation", "V1", "V2", id="generation"),
        pytest.param("architecture", "architecture", "Arm64", "x64", id="architecture"),
        pytest.param("os", "operating system", "Windows", "Linux", id="operating-system"),
    ],
)
def test_an_image_that_would_not_boot_is_refused(trait: str, name: str, one: str, other: str) -> None:
    for image, on_set in ((one, other), (other, one)):
        found = examined(NEW, Traits(**{trait: on_set}), traits=Traits(**{trait: image}))  # type: ignore[arg-type]
        message, remedy = WOULD_NOT_BOOT
        assert found == (refuse(message.format(NEW, name, image, on_set), remedy.format(name, on_set)),)
    for image, on_set in ((one, one), (one.upper(), one.lower()), (one, ""), ("", one), ("", "")):
        known, there = Traits(**{trait: image}), Traits(**{trait: on_set})  # type: ignore[arg-type]
        assert examined(NEW, there, traits=known) == (), "the same, or not known, which is never compared"


PLAN = "acme:firewall:gold"


@pytest.mark.parametrize(
    ("target", "image", "on_set", "message"),
    [
        pytest.param(NEW, PLAN, PLAN.upper(), None, id="the-same-without-case"),
        pytest.param(NEW, "", "", None, id="none-and-none"),
        pytest.param(NEW, None, PLAN, None, id="image-not-known"),
        pytest.param(NEW, PLAN, None, None, id="set-not-known"),
        pytest.param(
            NEW, PLAN, "", f"has the marketplace plan {PLAN}, but the scale set has no marketplace plan.", id="one-more"
        ),
        pytest.param(
            NEW, "", PLAN, f"has no marketplace plan, but the scale set has the marketplace plan {PLAN}.", id="one-less"
        ),
        pytest.param(
            NEW,
            PLAN,
            "acme:firewall:iron",
            f"has the marketplace plan {PLAN}, but the scale set has the marketplace plan acme:firewall:iron.",
            id="another",
        ),
        pytest.param(VERSION, "", PLAN, None, id="an-image-of-one-s-own-need-not-name-it"),
        pytest.param(
            VERSION,
            PLAN,
            "",
            f"has the marketplace plan {PLAN}, but the scale set has no marketplace plan.",
            id="but-if-it-does-it-counts",
        ),
    ],
)
def test_marketplace_plans(target: Image, image: str | None, on_set: str | None, message: str | None) -> None:
    remedy = "Choose an image with the same plan, or create a new scale set with that plan."
    expected = (refuse(f"The target image {target} {message}", remedy),) if message else ()
    assert examined(target, Traits(plan=on_set), traits=Traits(plan=image)) == expected


def test_everything_wrong_with_an_image_is_said_at_once() -> None:
    found = examined(
        NEW,
        Traits(os="Linux", generation="V2", architecture="x64", plan=""),
        deprecated=True,
        past_end_of_life=True,
        replication=Replication.FAILED,
        traits=Traits(os="Windows", generation="V1", architecture="Arm64", plan=PLAN),
    )
    assert [finding.severity for finding in found].count(Severity.REFUSE) == 6
    assert len(found) == 7


@pytest.mark.parametrize("state", [each for each in ImageState if each is not ImageState.FOUND])
def test_an_unseen_image_has_one_finding(state: ImageState) -> None:
    assert len(examined(NEW, state=state, deprecated=True, traits=Traits(os="Windows"))) == 1


def test_latest_of_another_tenant_cannot_be_read() -> None:
    finding = latest_of_another_tenant(resource(GALLERY))
    assert finding.severity is Severity.REFUSE
    assert "belongs to another tenant" in finding.message
    assert "role" not in finding.message + finding.remedy


def test_latest_cannot_be_read() -> None:
    assert latest_denied(resource(GALLERY)) == refuse(
        f"Could not read the latest version of {GALLERY}: the identity lacks the role Reader "
        f"(Microsoft.Compute/galleries/images/versions/read) on {GALLERY.removesuffix('/images/web')}.",
        "Give the identity that role, or name the exact version.",
    )
    assert latest_denied(platform("latest")) == refuse(
        "Could not read the latest version of Canonical:jammy:22_04-lts:latest: the identity lacks the role "
        "Reader (Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read) on the subscription.",
        "Give the identity that role, or name the exact version.",
    )


@pytest.mark.parametrize(
    "gallery",
    [
        "/subscriptions/s/resourceGroups/images/providers/Microsoft.Compute/galleries/images",
        "/subscriptions/s/resourceGroups/galleries/providers/microsoft.compute/Galleries/g",
    ],
)
def test_a_gallery_is_said_from_a_group_of_that_name(gallery: str) -> None:
    for image in (f"{gallery}/images/web", f"{gallery}/Images/images/versions/1.0.0"):
        assert latest_denied(resource(image)).message.endswith(f"on {gallery}.")


def test_there_is_no_latest() -> None:
    remedy = (
        "Correct the image inputs, replicate a version to this region, take `excludeFromLatest` off one, or name an "
        "exact version."
    )
    message = f"{GALLERY} has no version in westeurope that counts as the latest."
    assert latest_missing(resource(GALLERY), "westeurope") == refuse(message, remedy)
    message = f"{GALLERY} has no version that counts as the latest."
    assert latest_missing(resource(GALLERY), "") == refuse(message, remedy)


@pytest.mark.parametrize(
    ("image", "remedy"),
    [
        pytest.param(NEW, "Correct the image inputs, or name an exact version.", id="platform"),
        pytest.param(
            SHARED,
            "Correct the image inputs, have the gallery's owner replicate a version to this region or take "
            "`excludeFromLatest` off one, or name an exact version.",
            id="shared",
        ),
    ],
)
def test_there_is_no_latest_of_an_image_in_no_gallery_of_ones_own(image: Image, remedy: str) -> None:
    assert latest_missing(image, "westeurope").remedy == remedy


@pytest.mark.parametrize(
    ("facts", "helps"),
    [
        pytest.param(ImageFacts(state=ImageState.FOUND, replication=Replication.REPLICATING), True, id="on-its-way"),
        pytest.param(ImageFacts(state=ImageState.DENIED, replication=Replication.REPLICATING), False, id="not-seen"),
        pytest.param(ImageFacts(state=ImageState.FOUND), False, id="there"),
        pytest.param(ImageFacts(state=ImageState.FOUND, replication=Replication.FAILED), False, id="failed"),
        pytest.param(ImageFacts(state=ImageState.FOUND, replication=Replication.NOT_ASKED_FOR), False, id="never"),
    ],
)
def test_whether_waiting_for_replication_helps(facts: ImageFacts, helps: bool) -> None:
    assert is_replicating(facts) is helps


def test_traits_are_completed_only_where_nothing_is_known() -> None:
    known = Traits(os="Linux", plan="")
    other = Traits(os="Windows", generation="V2", architecture="x64", plan=PLAN)
    assert known.completed(other) == Traits(os="Linux", generation="V2", architecture="x64", plan="")
    assert Traits().completed(other) == other
    assert other.completed(Traits()) == other


def test_a_deprecated_image_that_the_model_holds_already_can_be_brought_to_an_end() -> None:
    facts = ImageFacts(state=ImageState.FOUND, deprecated=True)
    (finding,) = examine_image(NEW, facts, Traits(), location="westeurope", in_model=True)
    assert (finding.severity, finding.message) == (
        Severity.WARN,
        "The target image Canonical:jammy:22_04-lts:2.0.0, which the model holds already, is deprecated by now.",
    )


def test_a_model_that_names_no_exact_version_is_warned_of() -> None:
    assert floating_model(platform("latest")) == warn(
        "The model names no exact version (Canonical:jammy:22_04-lts:latest): which one an instance gets is Azure's "
        "choice at that moment, so that they may end up on different ones.",
        "`operation: upgrade` with `image-version: latest`, or with the gallery image as `image-id`, pins one.",
    )


def test_a_flexible_set_is_compared_by_image_only() -> None:
    assert only_the_image() == note(
        "A Flexible scale set does not show which of its instances have the latest model: only their image is compared."
    )


WAIT = "Correct the image inputs, or wait until the image is published or replicated to this region."


@pytest.mark.parametrize(
    ("newest", "remedy"),
    [
        pytest.param([], WAIT, id="none"),
        pytest.param(["1.0.0"], f"Versions that exist there, the newest first: 1.0.0. {WAIT}", id="one"),
        pytest.param(
            ["24.04.4", "24.04.3", "24.04.2", "24.04.1"],
            f"Versions that exist there, the newest first: 24.04.4, 24.04.3, 24.04.2. {WAIT}",
            id="three-of-four",
        ),
        pytest.param(["::error::", "1.0\n2", "\u0663.0.0"], WAIT, id="no-versions"),
        pytest.param(["x", "2.0.0"], f"Versions that exist there, the newest first: 2.0.0. {WAIT}", id="a-word"),
    ],
)
def test_versions_that_exist_are_named(newest: list[str], remedy: str) -> None:
    facts = ImageFacts(state=ImageState.MISSING)
    found = examine_image(NEW, facts, BOOTS, location="westeurope", newest=newest)
    assert found == (refuse("The target image Canonical:jammy:22_04-lts:2.0.0 does not exist in westeurope.", remedy),)
