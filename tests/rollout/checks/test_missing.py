"""An image that is a version of nothing: the whole text of each refusal; tests/runs plays those that Azure names."""

from __future__ import annotations

import pytest

from builders import GALLERY, NEW, SUBSCRIPTION, resource
from vmss_upgrade.rollout.checks.missing import (
    no_such_definition,
    no_such_gallery,
    no_such_platform_image,
    remedy_for_missing_set,
)
from vmss_upgrade.rollout.findings import refuse
from vmss_upgrade.rollout.image import Image, ImageKind

SHARED = Image(kind=ImageKind.SHARED_GALLERY, reference="/SharedGalleries/u/Images/web/Versions/2.0.0")
COMMUNITY = Image(kind=ImageKind.COMMUNITY_GALLERY, reference="/CommunityGalleries/p-1/Images/web")


def test_words_that_name_no_part_are_repeated() -> None:
    finding = no_such_platform_image(NEW, "westeurope", "Artifact: VMImage was not found.")
    assert finding == refuse(
        "Canonical:jammy:22_04-lts does not exist in westeurope. Azure says: Artifact: VMImage was not found.",
        "Correct publisher, offer or SKU, in `image` or `image-publisher`, `image-offer`, `image-sku`. To see which "
        "exist: az vm image list-skus --location westeurope --publisher Canonical --offer jammy",
    )


@pytest.mark.parametrize(
    ("said", "correct", "command"),
    [
        pytest.param(
            "Publisher: x.", "the publisher, in `image` or `image-publisher`", "list-publishers{}", id="publisher"
        ),
        pytest.param(
            "Offer: x.", "the offer, in `image` or `image-offer`", "list-offers{} --publisher Canonical", id="offer"
        ),
        pytest.param(
            "Sku: x.", "the SKU, in `image` or `image-sku`", "list-skus{} --publisher Canonical --offer jammy", id="sku"
        ),
        pytest.param(
            "  SKU x.",
            "the SKU, in `image` or `image-sku`",
            "list-skus{} --publisher Canonical --offer jammy",
            id="case",
        ),
    ],
)
def test_the_part_that_azure_names_is_the_one_to_correct(said: str, correct: str, command: str) -> None:
    finding = no_such_platform_image(NEW, "westeurope", said)
    in_words = "Canonical:jammy:22_04-lts does not exist in westeurope. Azure says: "
    assert finding == refuse(
        f"{in_words}{said}",
        f"Correct {correct}. To see which exist: az vm image {command.format(' --location westeurope')}",
    )


@pytest.mark.parametrize(
    ("definitions", "remedy"),
    [
        pytest.param(["web", "Db", "api"], "Correct the image: this gallery has api, Db, web.", id="others"),
        pytest.param([], "Correct the image: this gallery shows no image definition.", id="none"),
        pytest.param(
            ["::error::x", "a\nb", "x" * 81, "web"], "Correct the image: this gallery has web.", id="hostile-names"
        ),
        pytest.param(
            [f"a{number:02}" for number in range(12)],
            "Correct the image: this gallery has a00, a01, a02, a03, a04, a05, a06, a07, a08, a09 and 2 more.",
            id="ten-of-many",
        ),
    ],
)
def test_the_definitions_that_exist_are_named(definitions: list[str], remedy: str) -> None:
    finding = no_such_definition(resource(f"{GALLERY}x"), "westeurope", definitions)
    assert finding == refuse(f"The image definition {GALLERY}x does not exist.", remedy)


@pytest.mark.parametrize(
    ("image", "missing", "command"),
    [
        pytest.param(
            resource(GALLERY), "", f"list --subscription {SUBSCRIPTION} -g images --gallery-name g", id="gallery"
        ),
        pytest.param(
            SHARED,
            " in westeurope, or is not shared with this subscription",
            "list-shared --location westeurope --gallery-unique-name u",
            id="shared",
        ),
        pytest.param(
            COMMUNITY,
            " in westeurope",
            "list-community --location westeurope --public-gallery-name p-1",
            id="community",
        ),
    ],
)
def test_a_command_lists_them_where_they_are_not_known(image: Image, missing: str, command: str) -> None:
    assert no_such_definition(image, "westeurope", None) == refuse(
        f"The image definition {image.definition} does not exist{missing}.",
        f"Correct the image. To see which exist: az sig image-definition {command}",
    )


@pytest.mark.parametrize(
    ("image", "gallery", "command"),
    [
        pytest.param(
            resource(f"{GALLERY}/versions/1.0.0"),
            f"{GALLERY.removesuffix('/images/web')} does not exist.",
            f"list --subscription {SUBSCRIPTION} -g images",
            id="gallery",
        ),
        pytest.param(
            SHARED,
            "/SharedGalleries/u does not exist in westeurope, or is not shared with this subscription.",
            "list-shared --location westeurope",
            id="shared",
        ),
        pytest.param(
            COMMUNITY,
            "/CommunityGalleries/p-1 does not exist in westeurope.",
            "list-community --location westeurope",
            id="community",
        ),
    ],
)
def test_a_command_lists_the_galleries(image: Image, gallery: str, command: str) -> None:
    assert no_such_gallery(image, "westeurope") == refuse(
        f"The gallery {gallery}", f"Correct the image. To see which galleries exist: az sig {command}"
    )


@pytest.mark.parametrize(
    ("others", "remedy"),
    [
        pytest.param(None, "", id="not-known"),
        pytest.param(
            ["a b"],
            "Check `subscription-id` and `resource-group`: this resource group shows no scale set.",
            id="none-of-a-good-name",
        ),
        pytest.param(["web", "Db", "api"], "Check `scale-set`: this resource group has api, Db, web.", id="others"),
        pytest.param(
            [f"a{number:02}" for number in range(12)],
            "Check `scale-set`: this resource group has a00, a01, a02, a03, a04, a05, a06, a07, a08, a09 and 2 more.",
            id="ten-of-many",
        ),
    ],
)
def test_the_other_scale_sets_are_named(others: list[str] | None, remedy: str) -> None:
    assert remedy_for_missing_set(others) == remedy
