"""Inputs as people copy them from az: in the quotes of JSON, and images as URNs."""

from __future__ import annotations

from typing import Any

import pytest

from vmss_upgrade.errors import InputError
from vmss_upgrade.inputs import Inputs, parse_inputs
from vmss_upgrade.rollout.image import ImageRequest

SUBSCRIPTION, TENANT, CLIENT = (f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "123")
SET = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/web"
GALLERY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/i"
OIDC = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.invalid/token?a=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer"}
ENOUGH = {
    "scale-set": "web",
    "resource-group": "rg",
    "subscription-id": SUBSCRIPTION,
    "tenant-id": TENANT,
    "client-id": CLIENT,
    "image-version": "2.0.0",
}
URN = "Canonical:ubuntu-24_04-lts:server:24.04.202611010"
IMAGE = ImageRequest(publisher="Canonical", offer="ubuntu-24_04-lts", sku="server", version="24.04.202611010")


def parsed(given: dict[str, str]) -> Inputs:
    return parse_inputs(OIDC | {f"INPUT_{name.upper()}": value for name, value in {**ENOUGH, **given}.items()})


def problems(given: dict[str, str]) -> dict[str, str]:
    with pytest.raises(InputError) as refused:
        parsed(given)
    return {problem.input: f"{problem.message}. {problem.remedy}" for problem in refused.value.problems}


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"image-version": URN}, id="alone"),
        pytest.param({"image-version": f'"{URN}"'}, id="in-quotes"),
        pytest.param({"image-sku": URN, "image-version": ""}, id="as-another-part"),
        pytest.param({"image-version": URN, "image-offer": "Ubuntu-24_04-LTS"}, id="another-part-agrees"),
        pytest.param({"image-version": URN, "image-sku": "server", "image-publisher": "Canonical"}, id="two-agree"),
    ],
)
def test_an_urn_is_taken_apart(given: dict[str, str]) -> None:
    assert parsed(given).order.image == IMAGE


def test_the_latest_version_as_an_urn() -> None:
    assert parsed({"image-version": "Canonical:jammy:s:Latest"}).order.image.version == "latest"


def test_an_urn_that_another_input_contradicts() -> None:
    found = problems({"image-version": URN, "image-sku": "minimal"})
    assert list(found) == ["image-sku"]
    assert "'minimal' contradicts the URN in `image-version`" in found["image-sku"]
    assert "image-publisher: Canonical, image-offer: ubuntu-24_04-lts, image-sku: server" in found["image-sku"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param({"image-version": "Canonical:ubuntu-24_04-lts:server"}, "image-version", id="three-parts"),
        pytest.param({"image-version": f"{URN}:x"}, "image-version", id="five-parts"),
        pytest.param({"image-version": "Canonical::server:1.0.0"}, "image-version", id="an-empty-part"),
        pytest.param({"image-version": "Canonical:a b:server:1.0.0"}, "image-offer", id="a-part-that-is-no-name"),
        pytest.param({"image-version": URN, "image-sku": URN}, "image-sku", id="two-urns"),
    ],
)
def test_a_wrong_urn_is_refused_with_all_ways_to_name_an_image(given: dict[str, str], name: str) -> None:
    found = problems(given)[name]
    assert "PUBLISHER:OFFER:SKU:VERSION" in found
    assert "`image-publisher`, `image-offer`, `image-sku` and `image-version`" in found


def test_an_urn_as_the_id_of_an_image() -> None:
    found = problems({"image-version": "", "image-id": URN})
    assert "give it as `image`" in found["image-id"]


@pytest.mark.parametrize("quote", ['"', "'"], ids=["double", "single"])
def test_one_pair_of_quotes_is_no_part_of_a_name(quote: str) -> None:
    quoted = {name: f"{quote}{value}{quote}" for name, value in ENOUGH.items()}
    account, plain = parsed(quoted).account, parsed({}).account
    assert account == plain
    assert parsed(quoted).order.image == parsed({}).order.image


@pytest.mark.parametrize(
    ("given", "read"),
    [
        pytest.param({"scale-set": f'"{SET}"'}, lambda inputs: inputs.account.scale_set == "web", id="scale-set-id"),
        pytest.param(
            {"image-version": "", "image-id": f'"{GALLERY}"'},
            lambda inputs: inputs.order.image.image_id == GALLERY,
            id="image-id",
        ),
        pytest.param(
            {"instance-ids": '"web_0", "web_1"'},
            lambda inputs: inputs.order.policy.selection.instance_ids == ("web_0", "web_1"),
            id="instance-ids",
        ),
        pytest.param(
            {"update-domains": '"0","1"'},
            lambda inputs: inputs.order.policy.selection.update_domains == (0, 1),
            id="update-domains",
        ),
        pytest.param(
            {"zones": '["1", "2"]'}, lambda inputs: inputs.order.policy.selection.zones == ("1", "2"), id="json"
        ),
        pytest.param(
            {"client-secret": '"s3cret"'}, lambda inputs: inputs.account.sign_in.secret == '"s3cret"', id="no-secret"
        ),
    ],
)
def test_quotes_around_a_value_are_removed(given: dict[str, str], read: Any) -> None:
    assert read(parsed(given))


@pytest.mark.parametrize("value", ['"web', 'web"', '""web""', '"', "'web\""])
def test_quotes_that_are_no_pair_are_refused(value: str) -> None:
    assert "scale-set" in problems({"scale-set": value})
