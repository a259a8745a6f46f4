"""An image of which a part is missing is no image: it is not read, and never written back."""

from __future__ import annotations

from typing import Any

import pytest

from vmss_upgrade.azure_api.translation.image_reference import instance_image, model_image

WHOLE = {"publisher": "Canonical", "offer": "jammy", "sku": "22_04", "version": "1.0.0"}


def test_a_whole_reference_is_an_image() -> None:
    assert str(model_image({"imageReference": WHOLE})) == "Canonical:jammy:22_04:1.0.0"


@pytest.mark.parametrize("part", WHOLE)
@pytest.mark.parametrize("value", ["", None, [], {}], ids=["empty", "null", "list", "object"])
def test_a_reference_without_a_part_is_none(part: str, value: Any) -> None:
    reference = {**WHOLE, part: value}
    assert str(model_image({"imageReference": reference})) == ""
    assert instance_image({"imageReference": reference}) is None


def test_the_exact_version_stands_for_the_version() -> None:
    shown = instance_image({"imageReference": {**WHOLE, "version": "", "exactVersion": "2.0.0"}})
    assert shown is not None and shown.version == "2.0.0"
