"""The az commands that a user may copy."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from builders import GALLERY, OLD, SUBSCRIPTION, model, platform, resource, vhd
from vmss_upgrade.rollout.az_commands import az_vmss, delete_tag, put_image_back, read_boot_log
from vmss_upgrade.rollout.image import Image, ImageKind

PROFILE = "virtualMachineProfile.storageProfile"


def test_a_plain_command_is_not_quoted() -> None:
    assert az_vmss("rolling-upgrade cancel", model()) == (
        f"az vmss rolling-upgrade cancel --subscription {SUBSCRIPTION} -g rg -n web"
    )


def test_the_boot_log_of_an_instance() -> None:
    """An instance of a Flexible set is a machine of its own, which az has a command for."""
    uniform = f"az rest --method post --url {model().id}/virtualMachines/6/retrieveBootDiagnosticsData"
    assert read_boot_log(model(), "6") == f"{uniform} --url-parameters api-version=2024-07-01"
    flexible = replace(model(), is_flexible=True)
    assert read_boot_log(flexible, "web_1") == (
        f"az vm boot-diagnostics get-boot-log --subscription {SUBSCRIPTION} -g rg -n web_1"
    )


def test_a_tag_is_deleted_by_name_and_value() -> None:
    assert delete_tag(model(), "VMSS-Upgrade=Stop") == (
        f"az tag update --resource-id {model().id} --operation Delete --tags VMSS-Upgrade=Stop"
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("my set", "'my set'", id="blank"),
        pytest.param("$(reboot)", "'$(reboot)'", id="substitution"),
        pytest.param("a;b", "'a;b'", id="semicolon"),
        pytest.param("it's", "'it'\"'\"'s'", id="quote"),
        pytest.param("a`b`", "'a`b`'", id="backtick"),
    ],
)
def test_names_are_quoted_for_a_shell(name: str, shown: str) -> None:
    command = az_vmss("show", model(name=name))
    assert command.endswith(f" -n {shown}")
    assert shlex.split(command)[-1] == name


@pytest.mark.parametrize(
    ("image", "settings"),
    [
        pytest.param(
            OLD,
            [
                f"{PROFILE}.imageReference.publisher=Canonical",
                f"{PROFILE}.imageReference.offer=jammy",
                f"{PROFILE}.imageReference.sku=22_04-lts",
                f"{PROFILE}.imageReference.version=1.0.0",
            ],
            id="platform",
        ),
        pytest.param(
            resource(f"{GALLERY}/versions/1.0.0"), [f"{PROFILE}.imageReference.id={GALLERY}/versions/1.0.0"], id="id"
        ),
        pytest.param(
            Image(kind=ImageKind.SHARED_GALLERY, reference="/SharedGalleries/u/Images/w/Versions/1"),
            [f"{PROFILE}.imageReference.sharedGalleryImageId=/SharedGalleries/u/Images/w/Versions/1"],
            id="shared",
        ),
        pytest.param(
            Image(kind=ImageKind.COMMUNITY_GALLERY, reference="/CommunityGalleries/p/Images/w/Versions/1"),
            [f"{PROFILE}.imageReference.communityGalleryImageId=/CommunityGalleries/p/Images/w/Versions/1"],
            id="community",
        ),
        pytest.param(
            vhd("https://account/old.vhd?sig=SECRET"), [f"{PROFILE}.osDisk.image.uri=https://account/old.vhd"], id="vhd"
        ),
        pytest.param(
            platform("1.0.0", sku="a b", offer="$x"),
            [
                f"{PROFILE}.imageReference.publisher=Canonical",
                f"{PROFILE}.imageReference.offer=$x",
                f"{PROFILE}.imageReference.sku=a b",
                f"{PROFILE}.imageReference.version=1.0.0",
            ],
            id="quoted",
        ),
    ],
)
def test_the_way_back_sets_the_whole_image(image: Image, settings: list[str]) -> None:
    words = shlex.split(put_image_back(model(), image, instead_of=None))
    assert words[:3] == ["az", "vmss", "update"]
    assert words[words.index("--set") + 1 :] == settings


@pytest.mark.parametrize(
    ("target", "settings"),
    [
        pytest.param(platform("2.0.0"), [f"{PROFILE}.imageReference.version=1.0.0"], id="version-only"),
        pytest.param(
            platform("2.0.0", sku="24_04"),
            [f"{PROFILE}.imageReference.sku=22_04-lts", f"{PROFILE}.imageReference.version=1.0.0"],
            id="sku-and-version",
        ),
    ],
)
def test_the_way_back_of_a_platform_image_sets_what_differs(target: Image, settings: list[str]) -> None:
    words = shlex.split(put_image_back(model(), OLD, instead_of=target))
    assert words[words.index("--set") + 1 :] == settings
