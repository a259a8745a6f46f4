"""An image that is a version of nothing: the whole text of each refusal; tests/runs plays those that Azure names."""

from __future__ import annotations

import pytest

from builders import GALLERY, NEW, SUBSCRIPTION, resource
from vmss_upgrade.rollout.checks.missing import no_such_definition, no_such_platform_image
from vmss_upgrade.rollout.image import Image, ImageKind

SHARED = Image(kind=ImageKind.SHARED_GALLERY, reference="/SharedGalleries/u/Images/web/Versions/2.0.0")
COMMUNITY = Image(kind=ImageKind.COMMUNITY_GALLERY, reference="/CommunityGalleries/p-1/Images/web")


def test_words_that_name_no_part_are_repeated() -> None:
    finding = no_such_platform_image(NEW, "westeurope", "Artifact: VMImage was not found.")
    assert f"{finding.message} {finding.remedy}" == (
        "Canonical:jammy:22_04-lts does not exist in westeurope. Azure says: Artifact: VMImage was not found. Correct "
        "publisher, offer or SKU, in `image` or `image-publisher`, `image-offer`, `image-sku`. To see which exist: az "
        "vm image list-skus --location westeurope --publisher Canonical --offer jammy"
    )


@pytest.mark.parametrize(
    ("definitions", "remedy"),
    [
        pytest.param(["web", "Api"], "Correct the image: this gallery has Api, web.", id="others"),
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
    assert (finding.message, finding.remedy) == (f"The image definition {GALLERY}x does not exist.", remedy)


@pytest.mark.parametrize(
    ("image", "command"),
    [
        pytest.param(resource(GALLERY), f"list --subscription {SUBSCRIPTION} -g images --gallery-name g", id="gallery"),
        pytest.param(SHARED, "list-shared --location westeurope --gallery-unique-name u", id="shared"),
        pytest.param(COMMUNITY, "list-community --location westeurope --public-gallery-name p-1", id="community"),
    ],
)
def test_a_command_lists_them_where_they_are_not_known(image: Image, command: str) -> None:
    found = no_such_definition(image, "westeurope", None).remedy
    assert found == f"Correct the image. To see which exist: az sig image-definition {command}"
