"""The five kinds of image: what is asked for, what it resolves to, and when two are the same."""

from __future__ import annotations

import pytest

from builders import GALLERY, OLD, platform, resource, vhd
from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.image import Image, ImageKind, ImageRequest, is_older, wanted_image
from vmss_upgrade.rollout.image_facts import ImageVersion, newest_first

MANAGED = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/web"
SHARED = "/SharedGalleries/unique/Images/web/Versions"
COMMUNITY = "/CommunityGalleries/public-1/Images/web/Versions"
VHD = "https://account.blob.core.windows.net/images/new.vhd"
SECRET = "?sv=2024-01-01&sig=SECRET"


def shared(reference: str) -> Image:
    return Image(kind=ImageKind.SHARED_GALLERY, reference=reference)


def community(reference: str) -> Image:
    return Image(kind=ImageKind.COMMUNITY_GALLERY, reference=reference)


@pytest.mark.parametrize(
    ("request_", "model_image", "target"),
    [
        pytest.param(ImageRequest(version="2.0.0"), OLD, platform("2.0.0"), id="version-only-keeps-the-rest"),
        pytest.param(
            ImageRequest(version="2.0.0", sku="24_04"), OLD, platform("2.0.0", sku="24_04"), id="version-and-sku"
        ),
        pytest.param(
            ImageRequest(version="1.2", sku="s", offer="o", publisher="p"),
            OLD,
            platform("1.2", "s", "o", "p"),
            id="everything",
        ),
        pytest.param(ImageRequest(sku="24_04"), OLD, platform("1.0.0", sku="24_04"), id="the-model-s-exact-version"),
        pytest.param(ImageRequest(version="2.0.0"), platform("latest"), platform("2.0.0"), id="away-from-latest"),
        pytest.param(ImageRequest(image_id=MANAGED), resource(f"{MANAGED}-old"), resource(MANAGED), id="managed-image"),
        pytest.param(
            ImageRequest(image_id=f"{GALLERY}/versions/2.0.0"),
            resource(GALLERY),
            resource(f"{GALLERY}/versions/2.0.0"),
            id="gallery-version",
        ),
        pytest.param(
            ImageRequest(image_id=MANAGED),
            resource(f"{GALLERY}/versions/1.0.0"),
            resource(MANAGED),
            id="managed-and-gallery-are-one-kind",
        ),
        pytest.param(
            ImageRequest(image_id=f"{SHARED}/2.0.0"), shared(f"{SHARED}/1.0.0"), shared(f"{SHARED}/2.0.0"), id="shared"
        ),
        pytest.param(
            ImageRequest(image_id=f"{COMMUNITY}/2.0.0"),
            community(f"{COMMUNITY}/1.0.0"),
            community(f"{COMMUNITY}/2.0.0"),
            id="community",
        ),
        pytest.param(ImageRequest(image_uri=VHD + SECRET), vhd("https://a/old.vhd"), vhd(VHD + SECRET), id="vhd"),
        pytest.param(ImageRequest(sku="x"), platform("latest"), platform("latest", sku="x"), id="latest-is-kept"),
        pytest.param(ImageRequest(version="Latest"), OLD, platform("Latest"), id="latest"),
        pytest.param(ImageRequest(image_id=GALLERY), resource(MANAGED), resource(GALLERY), id="definition"),
    ],
)
def test_target(request_: ImageRequest, model_image: Image, target: Image) -> None:
    assert wanted_image(request_, model_image) == target


@pytest.mark.parametrize(
    ("request_", "model_image", "sentence"),
    [
        pytest.param(
            ImageRequest(image_id=MANAGED),
            OLD,
            "runs a platform image (Canonical:jammy:22_04-lts:1.0.0); a managed or gallery image was asked for",
            id="platform-to-managed",
        ),
        pytest.param(
            ImageRequest(version="2.0.0"),
            resource(MANAGED),
            f"runs a managed or gallery image ({MANAGED}); a platform image was asked for",
            id="managed-to-platform",
        ),
        pytest.param(
            ImageRequest(image_uri=VHD),
            OLD,
            "a VHD (image-uri) was asked for, and Azure does not",
            id="platform-to-vhd",
        ),
        pytest.param(
            ImageRequest(image_id=MANAGED),
            vhd(VHD + SECRET),
            f"runs a VHD (image-uri) ({VHD}); a managed or gallery image was asked for",
            id="vhd-to-managed",
        ),
        pytest.param(
            ImageRequest(image_id=f"{SHARED}/2.0.0"),
            community(f"{COMMUNITY}/1.0.0"),
            "a shared gallery image was asked for",
            id="community-to-shared",
        ),
    ],
)
def test_refused_target(request_: ImageRequest, model_image: Image, sentence: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        wanted_image(request_, model_image)
    assert sentence in str(refused.value)
    assert refused.value.remedy
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize(
    ("image", "exact"),
    [
        pytest.param(platform("latest"), platform("2.0.0"), id="platform"),
        pytest.param(resource(GALLERY), resource(f"{GALLERY}/versions/2.0.0"), id="definition"),
        pytest.param(resource(f"{GALLERY}/"), resource(f"{GALLERY}/versions/2.0.0"), id="definition-with-a-slash"),
        pytest.param(
            resource(f"{GALLERY}/Versions/Latest"), resource(f"{GALLERY}/versions/2.0.0"), id="version-latest"
        ),
        pytest.param(
            shared("/SharedGalleries/u/Images/web"), shared("/SharedGalleries/u/Images/web/versions/2.0.0"), id="shared"
        ),
        pytest.param(
            community(f"{COMMUNITY}/latest"),
            community("/CommunityGalleries/public-1/Images/web/versions/2.0.0"),
            id="community",
        ),
    ],
)
def test_a_floating_image_becomes_an_exact_one(image: Image, exact: Image) -> None:
    assert image.is_floating
    assert image.at_version("2.0.0") == exact
    assert not exact.is_floating


@pytest.mark.parametrize(
    ("image", "version"),
    [
        pytest.param(OLD, "1.0.0", id="platform"),
        pytest.param(platform("latest"), "latest", id="floating-platform"),
        pytest.param(resource(f"{GALLERY}/versions/1.2.3"), "1.2.3", id="gallery"),
        pytest.param(resource(f"{GALLERY}/versions/1.2.3/"), "1.2.3", id="gallery-with-a-slash"),
        pytest.param(resource(GALLERY), "", id="definition"),
        pytest.param(resource(f"{GALLERY}/versions"), "", id="definition-with-half-a-version"),
        pytest.param(shared(f"{SHARED}/2.0.0"), "2.0.0", id="shared"),
        pytest.param(community(f"{COMMUNITY}/latest"), "latest", id="floating-community"),
        pytest.param(resource(MANAGED), "", id="managed"),
        pytest.param(resource(MANAGED.replace("web", "versions/1.0.0")), "", id="managed-that-looks-like-it"),
        pytest.param(vhd("https://account.blob.core.windows.net/versions/1.vhd"), "", id="vhd"),
    ],
)
def test_the_version_in_the_name_of_an_image(image: Image, version: str) -> None:
    assert image.named_version == version


@pytest.mark.parametrize(
    ("names", "latest"),
    [
        pytest.param([], None, id="none"),
        pytest.param(["1.0.0"], "1.0.0", id="one"),
        pytest.param(["1.9.0", "1.10.0", "1.2.0"], "1.10.0", id="by-number-not-by-letters"),
        pytest.param(["22.04.202401010", "22.04.202312310"], "22.04.202401010", id="dates"),
        pytest.param(["1.0", "1.0.1"], "1.0.1", id="longer"),
        pytest.param(["1.0.0", "9.0.0-"], "1.0.0", id="out-of-latest-is-not-taken"),
        pytest.param(["9.0.0-"], None, id="all-are-out-of-latest"),
        pytest.param(["1.x.0", "1.0.0"], "1.0.0", id="a-word-is-below-a-number"),
        pytest.param(["1.0.0", "9" * 20], "9" * 20, id="twenty-digits-are-a-number"),
    ],
)
def test_the_newest_version(names: list[str], latest: str | None) -> None:
    """Leave out of the latest each name with a `-` at its end."""
    versions = [ImageVersion(name=name.rstrip("-"), may_be_latest=not name.endswith("-")) for name in names]
    assert next(iter(newest_first(versions)), None) == latest


@pytest.mark.parametrize(
    ("image", "in_gallery"),
    [
        pytest.param(OLD, False, id="platform"),
        pytest.param(resource(MANAGED), False, id="managed"),
        pytest.param(resource(GALLERY.upper()), True, id="gallery"),
        pytest.param(resource(MANAGED.replace("/g/", "/galleries/")), False, id="managed-in-a-group-named-galleries"),
        pytest.param(shared(f"{SHARED}/1.0.0"), True, id="shared"),
        pytest.param(community(f"{COMMUNITY}/1.0.0"), True, id="community"),
        pytest.param(vhd(VHD.replace("images", "galleries")), False, id="vhd"),
    ],
)
def test_in_a_gallery(image: Image, in_gallery: bool) -> None:
    assert image.is_in_gallery is in_gallery


@pytest.mark.parametrize(
    ("image", "floating"),
    [
        pytest.param(platform("1.0.0"), False, id="platform-version"),
        pytest.param(platform("LATEST"), True, id="platform-latest"),
        pytest.param(resource(MANAGED), False, id="managed-image"),
        pytest.param(resource(GALLERY), True, id="gallery-definition"),
        pytest.param(resource(f"{GALLERY}/versions/1.0.0"), False, id="gallery-version"),
        pytest.param(resource(f"{GALLERY}/versions/1.0.0/"), False, id="gallery-version-with-a-slash"),
        pytest.param(resource(f"{GALLERY}/Versions/Latest"), True, id="gallery-latest"),
        pytest.param(shared(f"{SHARED}/1.0.0"), False, id="shared-version"),
        pytest.param(shared("/SharedGalleries/u/Images/web"), True, id="shared-definition"),
        pytest.param(community(f"{COMMUNITY}/latest"), True, id="community-latest"),
        pytest.param(vhd(VHD), False, id="vhd"),
    ],
)
def test_floating(image: Image, floating: bool) -> None:
    assert image.is_floating is floating


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(OLD, platform("1.0.0"), True, id="equal"),
        pytest.param(OLD, platform("1.0.1"), False, id="version"),
        pytest.param(OLD, platform("1.0.0", sku="other"), False, id="sku"),
        pytest.param(OLD, platform("1.0.0", "22_04-LTS", "JAMMY", "canonical"), True, id="platform-case"),
        pytest.param(resource(MANAGED), resource(MANAGED.upper()), True, id="id-case"),
        pytest.param(resource(MANAGED), resource(f"{MANAGED}/"), True, id="id-with-a-slash"),
        pytest.param(resource(MANAGED), resource(f"{MANAGED}2"), False, id="another-id"),
        pytest.param(resource(MANAGED), resource(f"{MANAGED}X"), False, id="another-id-by-a-letter"),
        pytest.param(vhd(VHD), vhd(VHD + SECRET), True, id="vhd-query-does-not-count"),
        pytest.param(vhd(VHD), vhd(VHD.replace("new", "NEW")), False, id="vhd-path-has-case"),
        pytest.param(resource(f"{SHARED}/1"), shared(f"{SHARED}/1"), False, id="another-kind"),
    ],
)
def test_same_as(one: Image, other: Image, same: bool) -> None:
    assert one.same_as(other) is same
    assert other.same_as(one) is same


@pytest.mark.parametrize(
    ("image", "text"),
    [
        pytest.param(OLD, "Canonical:jammy:22_04-lts:1.0.0", id="platform"),
        pytest.param(resource(MANAGED), MANAGED, id="managed"),
        pytest.param(resource(f"{GALLERY}/versions/2.0.0"), f"{GALLERY}/versions/2.0.0", id="gallery"),
        pytest.param(vhd(VHD + SECRET), VHD, id="vhd-without-its-signature"),
    ],
)
def test_an_image_for_people(image: Image, text: str) -> None:
    assert str(image) == text


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        pytest.param(ImageRequest(version="1"), ImageKind.PLATFORM, id="platform"),
        pytest.param(ImageRequest(image_id=MANAGED), ImageKind.RESOURCE, id="id"),
        pytest.param(ImageRequest(image_id=SHARED.upper()), ImageKind.SHARED_GALLERY, id="shared"),
        pytest.param(ImageRequest(image_id=COMMUNITY.lower()), ImageKind.COMMUNITY_GALLERY, id="community"),
        pytest.param(ImageRequest(image_uri=VHD), ImageKind.VHD, id="vhd"),
    ],
)
def test_kind_of_a_request(request_: ImageRequest, kind: ImageKind) -> None:
    assert request_.kind is kind


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [
        pytest.param(platform("1.9.0"), platform("1.10.0"), True, id="number-by-number"),
        pytest.param(platform("1.10.0"), platform("1.9.0"), False, id="newer"),
        pytest.param(platform("1.0.0"), OLD, False, id="the-same"),
        pytest.param(platform("0.9.0", sku="other"), OLD, False, id="another-sku"),
        pytest.param(
            resource(f"{GALLERY}/versions/1.9.0"), resource(f"{GALLERY.upper()}/VERSIONS/1.10.0"), True, id="gallery"
        ),
        pytest.param(platform("latest"), OLD, False, id="latest-is-no-version"),
        pytest.param(platform("1.9.0"), platform("LATEST"), False, id="nor-is-it-newer"),
        pytest.param(resource(GALLERY), resource(f"{GALLERY}/versions/1.9.0"), False, id="a-definition-has-none"),
        pytest.param(resource(f"{MANAGED}1"), resource(f"{MANAGED}2"), False, id="managed-images-have-no-versions"),
        pytest.param(vhd("https://a/1.vhd"), vhd("https://a/2.vhd"), False, id="nor-have-vhds"),
    ],
)
def test_older(one: Image, other: Image, older: bool) -> None:
    assert is_older(one, other) is older


def test_a_version_of_5000_digits_is_no_number() -> None:
    versions = [ImageVersion(name=f"{'9' * 5000}.0.0"), ImageVersion(name="1.0.0")]
    assert newest_first(versions)[0] == "1.0.0"
