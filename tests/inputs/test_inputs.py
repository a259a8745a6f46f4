"""Every input: what is accepted, what is refused, and the words of the refusal."""

from __future__ import annotations

import json
import os
import socket
import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from vmss_upgrade.account import ClientSecret, GitHubOidc, ManagedIdentity
from vmss_upgrade.errors import InputError
from vmss_upgrade.inputs import INPUTS, Inputs, parse_account, parse_inputs, usable_files
from vmss_upgrade.inputs.files import Files
from vmss_upgrade.inputs.values import parse_duration, parse_list
from vmss_upgrade.rollout.image import ImageKind, ImageRequest
from vmss_upgrade.rollout.order import LARGEST_RECORD, Command, Order
from vmss_upgrade.rollout.policy import HealthUse, OnFailure, Policy, Selection, Share, Strategy

SUBSCRIPTION = "00000000-0000-4000-8000-00000000005b"
TENANT = "00000000-0000-4000-8000-00000000007e"
CLIENT = "00000000-0000-4000-8000-0000000000c1"
RESOURCE_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/web"
COMPUTE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute"
MANAGED = f"{COMPUTE}/images/web"
GALLERY = f"{COMPUTE}/galleries/g/images/web"
SHARED = f"/SharedGalleries/{SUBSCRIPTION}-GALLERY/Images/web"
COMMUNITY = "/CommunityGalleries/public-1234/Images/web"
# the same examples on every machine, however slow it is
STEADY = settings(derandomize=True, deadline=None, database=None)
OIDC = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.invalid/token?a=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer"}
ENOUGH = {
    "scale-set": "web",
    "resource-group": "rg",
    "subscription-id": SUBSCRIPTION,
    "tenant-id": TENANT,
    "client-id": CLIENT,
    "image-version": "2.0.0",
}


def environ(given: dict[str, str], **more: str) -> dict[str, str]:
    """Return what the runner sets: every input under its name, those not given empty."""
    inputs = {f"INPUT_{name.upper()}": "" for name in INPUTS}
    inputs |= {f"INPUT_{name.upper()}": value for name, value in {**ENOUGH, **given}.items()}
    return {**OIDC, **inputs, **more}


def parsed(given: dict[str, str] | None = None, **more: str) -> Inputs:
    return parse_inputs(environ(given or {}, **more))


def problems(given: dict[str, str], **more: str) -> dict[str, str]:
    """Return input -> what is wrong with it and how to correct it."""
    return refusals(environ(given, **more))


def refusals(environment: dict[str, str]) -> dict[str, str]:
    """Return what is wrong with the inputs in an environment."""
    with pytest.raises(InputError) as refused:
        parse_inputs(environment)
    found = refused.value.problems
    assert len({problem.input for problem in found}) == len(found), "an input is named once"
    assert all(problem.remedy for problem in found)
    return {problem.input: f"{problem.message}. {problem.remedy}" for problem in found}


# -- what is accepted ----------------------------------------------------------------------------------------------


def test_defaults() -> None:
    inputs = parsed()
    assert inputs.order == Order(command=Command.UPGRADE, image=ImageRequest(version="2.0.0"), policy=Policy())
    assert inputs.files == Files()
    assert inputs.account.cloud.environment == "AzureCloud"
    assert parse_inputs({**OIDC, **{f"INPUT_{k.upper()}": v for k, v in ENOUGH.items()}}) == inputs, "absent is empty"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, (SUBSCRIPTION, "rg", "web"), id="three-inputs"),
        pytest.param({"scale-set": " web "}, (SUBSCRIPTION, "rg", "web"), id="blanks-around"),
        pytest.param(
            {"scale-set": RESOURCE_ID, "resource-group": "", "subscription-id": ""},
            (SUBSCRIPTION, "rg", "web"),
            id="id",
        ),
        pytest.param({"scale-set": f"{RESOURCE_ID}/"}, (SUBSCRIPTION, "rg", "web"), id="id-with-a-slash"),
        pytest.param(
            {"scale-set": RESOURCE_ID.lower(), "resource-group": "RG"}, (SUBSCRIPTION, "rg", "web"), id="id-and-case"
        ),
        pytest.param({"resource-group": "a.b_(c)-1"}, (SUBSCRIPTION, "a.b_(c)-1", "web"), id="group-with-signs"),
        pytest.param(
            {"resource-group": "Gr\u00fcppe\u4e2d\u0663"},
            (SUBSCRIPTION, "Gr\u00fcppe\u4e2d\u0663", "web"),
            id="group-in-any-script",
        ),
        pytest.param({"resource-group": "..x"}, (SUBSCRIPTION, "..x", "web"), id="group-that-begins-with-dots"),
        pytest.param({"scale-set": "_w.e-b_"}, (SUBSCRIPTION, "rg", "_w.e-b_"), id="set-with-signs"),
    ],
)
def test_inputs_name_the_scale_set(given: dict[str, str], expected: tuple[str, str, str]) -> None:
    account = parsed(given).account
    assert (account.subscription_id, account.resource_group, account.scale_set) == expected


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        pytest.param("strategy", "", "strategy", Strategy.AUTO, id="no-strategy"),
        pytest.param("strategy", "auto", "strategy", Strategy.AUTO, id="auto"),
        pytest.param("strategy", "update-domain", "strategy", Strategy.UPDATE_DOMAIN, id="update-domain"),
        pytest.param("strategy", "Fault-Domain", "strategy", Strategy.FAULT_DOMAIN, id="fault-domain"),
        pytest.param("strategy", "ZONE", "strategy", Strategy.ZONE, id="zone"),
        pytest.param("strategy", "batch", "strategy", Strategy.BATCH, id="batch"),
        pytest.param("batch-size", "3", "batch_size", Share(3), id="count"),
        pytest.param("batch-size", "20%", "batch_size", Share(20, True), id="percentage"),
        pytest.param("batch-size", "20 %", "batch_size", Share(20, True), id="percentage-with-a-blank"),
        pytest.param("batch-size", "100%", "batch_size", Share(100, True), id="all"),
        pytest.param("batch-size", "1000", "batch_size", Share(1000), id="a-count-may-exceed-100"),
        pytest.param("canary", "", "canary", None, id="no-canary"),
        pytest.param("canary", "0", "canary", 0, id="canary-of-none"),
        pytest.param("canary", "1", "canary", 1, id="canary"),
        pytest.param("canary", "25", "canary", 25, id="canaries"),
        pytest.param("stop-after", "0", "stop_after", None, id="stop-after-none"),
        pytest.param("stop-after", "0%", "stop_after", None, id="stop-after-no-percent"),
        pytest.param("stop-after", "", "stop_after", None, id="go-on"),
        pytest.param("stop-after", "2", "stop_after", Share(2), id="stop-after-batches"),
        pytest.param("stop-after", "1%", "stop_after", Share(1, True), id="stop-after-a-share"),
        pytest.param("stop-after", "100%", "stop_after", Share(100, True), id="stop-after-all"),
        pytest.param("min-healthy", "", "min_healthy", Share(50, True), id="half"),
        pytest.param("min-healthy", "50%", "min_healthy", Share(50, True), id="half-in-words"),
        pytest.param("min-healthy", "0", "min_healthy", Share(0), id="none-healthy"),
        pytest.param("min-healthy", "0%", "min_healthy", Share(0, True), id="no-percent-healthy"),
        pytest.param("min-healthy", "100%", "min_healthy", Share(100, True), id="all-healthy"),
        pytest.param("min-healthy", "12", "min_healthy", Share(12), id="dozen-healthy"),
        pytest.param("allow-downtime", "", "allow_downtime", False, id="no-word-on-downtime"),
        pytest.param("allow-downtime", "false", "allow_downtime", False, id="no-downtime"),
        pytest.param("allow-downtime", "True", "allow_downtime", True, id="downtime"),
        pytest.param("protected-instances", "", "refuse_protected", False, id="no-word-on-protected"),
        pytest.param("protected-instances", "skip", "refuse_protected", False, id="skip-protected"),
        pytest.param("protected-instances", "fail", "refuse_protected", True, id="fail-protected"),
        pytest.param("stopped-instances", "", "include_stopped", False, id="no-word-on-stopped"),
        pytest.param("stopped-instances", "skip", "include_stopped", False, id="skip-stopped"),
        pytest.param("stopped-instances", "Include", "include_stopped", True, id="include-stopped"),
        pytest.param("health", "", "health", HealthUse.AUTO, id="no-word-on-health"),
        pytest.param("health", "auto", "health", HealthUse.AUTO, id="health-auto"),
        pytest.param("health", "required", "health", HealthUse.REQUIRED, id="health-required"),
        pytest.param("health", "IGNORE", "health", HealthUse.IGNORE, id="health-ignored"),
        pytest.param("suspend-repairs", "", "suspend_repairs", False, id="no-word-on-repairs"),
        pytest.param("suspend-repairs", "FALSE", "suspend_repairs", False, id="keep-repairs"),
        pytest.param("suspend-repairs", "true", "suspend_repairs", True, id="suspend-repairs"),
        pytest.param("wait-for-replication", "", "replication_wait", 0.0, id="no-wait"),
        pytest.param("wait-for-replication", "0", "replication_wait", 0.0, id="wait-for-nothing"),
        pytest.param("wait-for-replication", "30m", "replication_wait", 1800.0, id="wait"),
        pytest.param("bake-time", "0", "bake_time", 0.0, id="no-bake"),
        pytest.param("bake-time", "90s", "bake_time", 90.0, id="bake"),
        pytest.param("health-timeout", "1h30m", "health_timeout", 5400.0, id="health-timeout"),
        pytest.param("batch-timeout", "PT5M", "batch_timeout", 300.0, id="batch-timeout"),
        pytest.param("bake-time", "60", "bake_time", 60.0, id="bake-in-plain-seconds"),
        pytest.param("health-timeout", "30s", "health_timeout", 30.0, id="seconds"),
        pytest.param("timeout", "7200s", "timeout", 7200.0, id="timeout"),
        pytest.param("timeout", "6h", "timeout", 21600.0, id="long-timeout"),
    ],
)
def test_policy(name: str, value: str, field: str, expected: object) -> None:
    assert parsed({name: value}).order.policy == replace(Policy(), **{field: expected})


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"canary": "3", "batch-size": "3"}, id="canary-as-large-as-a-batch"),
        pytest.param({"canary": "4", "batch-size": "3"}, id="canary-larger-than-a-batch"),
        pytest.param({"canary": "300", "batch-size": "10%"}, id="canary-and-a-percentage"),
        pytest.param({"batch-size": "999999999"}, id="batch-of-all"),
        pytest.param({"batch-timeout": "6h"}, id="batch-timeout-and-no-timeout"),
        pytest.param({"batch-timeout": "6h", "timeout": "6h"}, id="batch-timeout-as-timeout"),
        pytest.param({"bake-time": "1h", "batch-timeout": "2h"}, id="bake-longer-than-the-usual-batch"),
        pytest.param({"allow-downtime": "true"}, id="downtime-alone"),
        pytest.param({"allow-downtime": "true", "min-healthy": "0"}, id="downtime-and-none-healthy"),
        pytest.param({"allow-downtime": "true", "min-healthy": "0%"}, id="downtime-and-no-percent"),
        pytest.param({"allow-downtime": "false", "min-healthy": "90%"}, id="no-downtime"),
        pytest.param({"bake-time": "59m", "batch-timeout": "1h"}, id="bake-shorter-than-the-batch"),
    ],
)
def test_inputs_that_go_together_are_accepted(given: dict[str, str]) -> None:
    assert parsed(given)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("update-domains", "", (), id="all-update-domains"),
        pytest.param("update-domains", "0", (0,), id="one"),
        pytest.param("update-domains", "4,0, 2", (4, 0, 2), id="in-the-order-given"),
        pytest.param("update-domains", "0,1,0,01", (0, 1), id="each-once"),
        pytest.param("update-domains", "0\n1\r\n\n2\n", (0, 1, 2), id="lines"),
        pytest.param("update-domains", "0,1\n2,,3,", (0, 1, 2, 3), id="both-and-empty-items"),
        pytest.param("update-domains", "0 1 2", (0, 1, 2), id="blanks"),
        pytest.param("update-domains", "0\t1 ,  2", (0, 1, 2), id="blanks-of-all-kinds"),
        pytest.param("update-domains", "[0, 1]", (0, 1), id="json-numbers"),
        pytest.param("update-domains", '["0", " 1 ", "", 1]', (0, 1), id="json-of-both"),
        pytest.param("fault-domains", "0,1", (0, 1), id="fault-domains"),
        pytest.param("fault-domains", "[\n  2\n]", (2,), id="fault-domains-as-json"),
        pytest.param("zones", "1,2", ("1", "2"), id="zones"),
        pytest.param("zones", "[1, 3]", ("1", "3"), id="zones-as-json-numbers"),
        pytest.param("zones", "1\n1", ("1",), id="zone-once"),
        pytest.param("instance-ids", "0,3,12", ("0", "3", "12"), id="uniform"),
        pytest.param("instance-ids", '"0" "3"', ("0", "3"), id="blanks-and-quotes"),
        pytest.param("zones", "1 2", ("1", "2"), id="zones-with-blanks"),
        pytest.param("instance-ids", "web_b,web_a,WEB_B", ("web_b", "web_a"), id="flexible-once-whatever-the-case"),
        pytest.param("instance-ids", '["web_0a1b", 7]', ("web_0a1b", "7"), id="ids-as-json"),
        pytest.param("instance-ids", "[1, 2, 1]", ("1", "2"), id="ids-once"),
    ],
)
def test_selection(name: str, value: str, expected: tuple[object, ...]) -> None:
    field = name.replace("-", "_")
    assert parsed({name: value}).order.policy.selection == replace(Selection(), **{field: expected})


# -- what is to be done, and with which image ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "command"),
    [
        pytest.param("", Command.UPGRADE, id="default"),
        pytest.param("upgrade", Command.UPGRADE, id="upgrade"),
        pytest.param("Plan", Command.PLAN, id="plan"),
        pytest.param("update-model", Command.UPDATE_MODEL, id="update-model"),
    ],
)
def test_operations_that_need_an_image(value: str, command: Command) -> None:
    assert parsed({"operation": value}).order == Order(command=command, image=ImageRequest(version="2.0.0"))
    assert "no image is asked for" in problems({"operation": value, "image-version": ""})["image"]


IMAGES = {"image-version": "1 0", "image-sku": "a/b", "image-id": "nonsense", "image-uri": "nonsense"}


@pytest.mark.parametrize("given", [{"image-version": ""}, {}, IMAGES], ids=["no-image", "an-image", "broken-images"])
def test_status_does_not_look_at_the_image(given: dict[str, str]) -> None:
    assert parsed({"operation": "status", **given}).order == Order(command=Command.STATUS)


def test_upgrade_instances_takes_no_image() -> None:
    done = parsed({"operation": "upgrade-instances", "image-version": ""}).order
    assert done == Order(command=Command.UPGRADE_INSTANCES)
    found = problems({"operation": "upgrade-instances", "image-id": MANAGED})
    assert found.keys() == {"image-version", "image-id"}
    assert found["image-id"] == (
        "names an image, but `upgrade-instances` brings instances to the model as it stands. "
        "Leave it out, or use `operation: upgrade` to change the image."
    )


def test_a_mistyped_operation_is_one_problem() -> None:
    assert problems({"operation": "statsu", "image-version": ""}).keys() == {"operation"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            {"image-sku": "s", "image-offer": "o", "image-publisher": "p"},
            ImageRequest(version="2.0.0", sku="s", offer="o", publisher="p"),
            id="platform",
        ),
        pytest.param({"image-version": "", "image-sku": "s"}, ImageRequest(sku="s"), id="sku-only"),
        pytest.param({"image-version": "", "image-offer": "o"}, ImageRequest(offer="o"), id="offer-only"),
        pytest.param({"image-version": "", "image-publisher": "p"}, ImageRequest(publisher="p"), id="publisher-only"),
        pytest.param({"image-version": "latest"}, ImageRequest(version="latest"), id="latest"),
        pytest.param({"image-version": "Latest"}, ImageRequest(version="latest"), id="latest-in-our-case"),
        pytest.param(
            {"image-version": "", "image-uri": "https://a.blob.core.windows.net/c/x.vhd?sig=S"},
            ImageRequest(image_uri="https://a.blob.core.windows.net/c/x.vhd?sig=S"),
            id="vhd-with-its-signature",
        ),
    ],
)
def test_image(given: dict[str, str], expected: ImageRequest) -> None:
    assert parsed(given).order.image == expected


@pytest.mark.parametrize(
    ("image_id", "kind"),
    [
        pytest.param(MANAGED, ImageKind.RESOURCE, id="managed"),
        pytest.param(MANAGED.lower(), ImageKind.RESOURCE, id="managed-in-lower-case"),
        pytest.param(MANAGED.replace("/g/", "/a.b_(c)-1/"), ImageKind.RESOURCE, id="group-with-signs"),
        pytest.param(MANAGED.replace("/g/", "/galleries/"), ImageKind.RESOURCE, id="group-named-galleries"),
        pytest.param(GALLERY, ImageKind.RESOURCE, id="definition"),
        pytest.param(f"{GALLERY}/versions/2.0.0", ImageKind.RESOURCE, id="version"),
        pytest.param(f"{GALLERY}/versions/latest", ImageKind.RESOURCE, id="latest"),
        pytest.param(f"{GALLERY}/Versions/Latest".upper(), ImageKind.RESOURCE, id="version-in-capitals"),
        pytest.param(SHARED, ImageKind.SHARED_GALLERY, id="shared"),
        pytest.param(f"{SHARED}/Versions/1.2.3", ImageKind.SHARED_GALLERY, id="shared-version"),
        pytest.param(f"{SHARED}/versions/latest".lower(), ImageKind.SHARED_GALLERY, id="shared-in-lower-case"),
        pytest.param(COMMUNITY, ImageKind.COMMUNITY_GALLERY, id="community"),
        pytest.param(f"{COMMUNITY}/Versions/20261123.1.0", ImageKind.COMMUNITY_GALLERY, id="community-version"),
    ],
)
@pytest.mark.parametrize("end", ["", "/"], ids=["", "with-a-slash"])
def test_image_id(image_id: str, kind: ImageKind, end: str) -> None:
    image = parsed({"image-version": "", "image-id": image_id + end}).order.image
    assert image == ImageRequest(image_id=image_id)
    assert image.kind is kind


PRIVATE = {"resource-manager-endpoint": "https://arm.local:8443"}
MICROSOFT = "https://login.microsoftonline.com"


@pytest.mark.parametrize(
    ("given", "more", "expected"),
    [
        pytest.param({}, {}, ("AzureCloud", "", "", MICROSOFT), id="public"),
        pytest.param(
            {"environment": "azureusgovernment"},
            {},
            ("AzureUSGovernment", "", "", "https://login.microsoftonline.us"),
            id="case",
        ),
        pytest.param(
            {"environment": "AzureChinaCloud"},
            {"AZURE_AUTHORITY_HOST": "login.chinacloudapi.cn"},
            ("AzureChinaCloud", "", "", "https://login.chinacloudapi.cn"),
            id="its-own-authority-without-a-scheme",
        ),
        pytest.param(
            {"authority-host": MICROSOFT},
            {"AZURE_AUTHORITY_HOST": f"{MICROSOFT.upper()}:443/"},
            ("AzureCloud", "", "", MICROSOFT),
            id="its-own-authority-twice",
        ),
        pytest.param(
            {**PRIVATE, "audience": "api://x"},
            {"AZURE_AUTHORITY_HOST": "login.local"},
            ("AzureCloud", "https://arm.local:8443", "api://x", "https://login.local"),
            id="private",
        ),
        pytest.param(
            {"resource-manager-endpoint": "HTTPS://ARM.local:443/"},
            {},
            ("AzureCloud", "https://arm.local", "", MICROSOFT),
            id="private-without-an-authority-of-its-own",
        ),
        pytest.param(
            {**PRIVATE, "authority-host": "https://login.local/"},
            {"AZURE_AUTHORITY_HOST": "https://evil.invalid"},
            ("AzureCloud", "https://arm.local:8443", "", "https://login.local"),
            id="the-input-wins",
        ),
    ],
)
def test_cloud(given: dict[str, str], more: dict[str, str], expected: tuple[str, ...]) -> None:
    cloud = parsed(given, **more).account.cloud
    assert (cloud.environment, cloud.resource_manager_endpoint, cloud.audience, cloud.authority) == expected


@pytest.mark.parametrize("name", ["AZURE_AUTHORITY_HOST", "authority-host"])
@pytest.mark.parametrize(
    ("environment", "host"),
    [
        pytest.param("AzureCloud", "https://evil.invalid", id="another-host"),
        pytest.param("AzureCloud", "https://login.microsoftonline.us", id="of-another-cloud"),
        pytest.param("AzureChinaCloud", MICROSOFT, id="of-the-public-cloud"),
        pytest.param("AzureCloud", "https://login.microsoftonline.com:8443", id="another-port"),
        pytest.param("AzureCloud", "https://eu.login.microsoftonline.com", id="below-it"),
    ],
)
def test_microsofts_clouds_sign_in_at_microsofts_authorities(name: str, environment: str, host: str) -> None:
    given = {"INPUT_AUTHORITY-HOST": host} if name == "authority-host" else {name: host}
    found = problems({"environment": environment}, **given)
    assert found.keys() == {name}
    assert f"'{host}'" in found[name]
    assert f"{environment} signs in at https://login." in found[name]
    assert "`resource-manager-endpoint`" in found[name]


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("http://login.local", id="http"),
        pytest.param("https://s3c:s3c@login.local", id="user"),
        pytest.param("https://login.local/adfs", id="path"),
        pytest.param("https://login.local?s3c", id="query"),
        pytest.param("https://login.local#x", id="fragment"),
        pytest.param(r"https://evil\@login.local", id="backslash"),
        pytest.param("https://login.local:0", id="port"),
        pytest.param("https://login .local", id="blank"),
        pytest.param("https://l\u00f6gin.local", id="non-ascii"),
        pytest.param("https://", id="no-host"),
    ],
)
@pytest.mark.parametrize("name", ["AZURE_AUTHORITY_HOST", "authority-host", "resource-manager-endpoint"])
def test_a_host_is_given_by_its_plain_https_address(name: str, host: str) -> None:
    given = {name: host} if name.isupper() else {f"INPUT_{name.upper()}": host}
    found = problems(PRIVATE, **given)
    assert found.keys() == {name}
    assert "is not the https address of a host" in found[name]
    assert "s3c" not in found[name]


def test_names_of_the_runner_are_none_of_ours() -> None:
    assert parsed({}, INPUT_ENTRYPOINT="/bin/sh", INPUT_ARGS="-c x") == parsed()


# -- sign-in ---------------------------------------------------------------------------------------------------------

HOSTED, SELF_HOSTED = {"RUNNER_ENVIRONMENT": "github-hosted"}, {"RUNNER_ENVIRONMENT": "self-hosted"}
NO_APPLICATION = {"tenant-id": "", "client-id": ""}
SECRET = {"client-secret": "s3cret"}
NO_OIDC = dict.fromkeys(OIDC, "")


@pytest.mark.parametrize(
    ("given", "more", "expected"),
    [
        pytest.param(SECRET, {}, ClientSecret, id="a-secret-wins-over-oidc"),
        pytest.param(SECRET, NO_OIDC, ClientSecret, id="secret-without-oidc"),
        pytest.param({}, {}, GitHubOidc, id="oidc"),
        pytest.param({}, SELF_HOSTED, GitHubOidc, id="oidc-on-a-self-hosted-runner"),
        pytest.param(SECRET, SELF_HOSTED, ClientSecret, id="secret-on-a-self-hosted-runner"),
        pytest.param(NO_APPLICATION, {**SELF_HOSTED, **NO_OIDC}, ManagedIdentity, id="managed-identity"),
        pytest.param(NO_APPLICATION, SELF_HOSTED, ManagedIdentity, id="managed-identity-although-oidc-is-there"),
        pytest.param({"tenant-id": ""}, {**SELF_HOSTED, **NO_OIDC}, ManagedIdentity, id="client-id-alone"),
    ],
)
def test_sign_in(given: dict[str, str], more: dict[str, str], expected: type) -> None:
    account = parsed(given, **more).account
    assert type(account.sign_in) is expected
    assert account.signs_in_at == ("http://169.254.169.254" if expected is ManagedIdentity else MICROSOFT)


@pytest.mark.parametrize(
    ("given", "more", "expected"),
    [
        pytest.param({}, NO_OIDC, {"client-secret"}, id="no-secret-no-oidc"),
        pytest.param({}, {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}, {"client-secret"}, id="half-of-oidc"),
        pytest.param({"client-id": ""}, {}, {"client-id"}, id="no-client"),
        pytest.param({"tenant-id": "", **SECRET}, {}, {"tenant-id"}, id="secret-without-tenant"),
        pytest.param(NO_APPLICATION, {}, {"tenant-id", "client-id"}, id="nothing"),
        pytest.param(NO_APPLICATION, {**HOSTED, **NO_OIDC}, {"tenant-id", "client-id", "permissions"}, id="hosted"),
        pytest.param({"tenant-id": "a/b"}, {}, {"tenant-id"}, id="tenant-form"),
        pytest.param({"client-id": "a b"}, {}, {"client-id"}, id="client-form"),
    ],
)
def test_sign_in_refused(given: dict[str, str], more: dict[str, str], expected: set[str]) -> None:
    assert problems(given, **more).keys() == expected


GUID_FORM = "is not a GUID, such as 00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("name", ["tenant-id", "client-id", "subscription-id"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("a_b", id="underscore"),
        pytest.param("..", id="dots"),
        pytest.param("my-subscription", id="a-name"),
        pytest.param(SUBSCRIPTION[:-1], id="too-short"),
        pytest.param(f"{SUBSCRIPTION}0", id="too-long"),
        pytest.param(f"{{{SUBSCRIPTION}}}", id="braces"),
        pytest.param(SUBSCRIPTION.replace("-", ""), id="without-hyphens"),
        pytest.param(SUBSCRIPTION.replace("5b", "5g"), id="another-letter"),
        pytest.param(SUBSCRIPTION.replace("0000-4", "\u0660\u0660\u0660\u0660-4"), id="other-digits"),
        pytest.param(f"{SUBSCRIPTION}\n{TENANT}", id="two-lines"),
    ],
)
def test_ids_are_guids(name: str, value: str) -> None:
    found = problems({name: value})
    assert found.keys() == {name}
    assert ("nor the domain name of a tenant" if name == "tenant-id" else GUID_FORM) in found[name]


@pytest.mark.parametrize(
    "tenant",
    ["contoso.onmicrosoft.com", "Contoso.com", "a-b.co.uk", "xn--bcher-kva.example", TENANT.upper()],
)
def test_a_tenant_may_have_a_name(tenant: str) -> None:
    sign_in = parsed({"tenant-id": tenant}).account.sign_in
    assert isinstance(sign_in, GitHubOidc)
    assert sign_in.tenant_id == tenant


@pytest.mark.parametrize(
    "tenant", ["common", "a..b", ".com", "com.", "-a.com", "a_b.com", "b\u00fccher.example", "a.b/c"]
)
def test_a_wrong_tenant_name_is_refused(tenant: str) -> None:
    assert problems({"tenant-id": tenant}).keys() == {"tenant-id"}


def test_a_private_cloud_may_have_no_tenants() -> None:
    assert parsed({**PRIVATE, "tenant-id": "adfs"})
    assert problems({"tenant-id": "adfs"}).keys() == {"tenant-id"}


@pytest.mark.parametrize(
    ("given", "more", "name"),
    [
        pytest.param({"client-secret": "s3c\nret"}, {}, "client-secret", id="secret-line"),
        pytest.param({"client-secret": "s3c\x1bret"}, {}, "client-secret", id="secret-control"),
        pytest.param({"client-secret": "s3cr\u00e9t"}, {}, "client-secret", id="secret-letters"),
        pytest.param({"audience": "api://x\ny"}, {}, "audience", id="audience-line"),
        pytest.param({"audience": "api://\u00fc"}, {}, "audience", id="audience-letters"),
        pytest.param({}, {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3c\nret"}, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", id="token"),
        pytest.param({}, {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3 ret"}, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", id="blank"),
        pytest.param(
            {}, {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cr\u00e9t"}, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", id="letter"
        ),
        *(
            pytest.param({}, {"ACTIONS_ID_TOKEN_REQUEST_URL": url}, "ACTIONS_ID_TOKEN_REQUEST_URL", id=name)
            for name, url in {
                "http": "http://s3c.github.invalid/token?a=1",
                "loopback": "http://127.0.0.1:8080/s3c",
                "no-scheme": "github.invalid/s3c",
                "user": "https://s3c@github.invalid/",
                "backslash": r"https://s3c\@github.invalid/",
                "fragment": "https://github.invalid/#s3c",
                "line": "https://github.invalid/s3c\n",
                "port": "https://github.invalid:s3c/",
            }.items()
        ),
    ],
)
def test_a_credential_that_cannot_be_sent_is_refused(given: dict[str, str], more: dict[str, str], name: str) -> None:
    found = problems(given, **more)
    assert found.keys() == {name}
    assert "s3c" not in found[name]


def test_a_secret_needs_nothing_of_github() -> None:
    assert parsed(SECRET, ACTIONS_ID_TOKEN_REQUEST_URL="nonsense", ACTIONS_ID_TOKEN_REQUEST_TOKEN="a b")


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        pytest.param({}, "http://169.254.169.254", id="metadata-service"),
        pytest.param({"IDENTITY_ENDPOINT": ""}, "http://169.254.169.254", id="empty"),
        pytest.param({"IDENTITY_ENDPOINT": "http://127.0.0.1:41/t?a"}, "http://127.0.0.1:41", id="identity-endpoint"),
        pytest.param({"MSI_ENDPOINT": "http://Localhost:50342/t"}, "http://localhost:50342", id="msi-endpoint"),
        pytest.param({"IDENTITY_ENDPOINT": "https://a/", "MSI_ENDPOINT": "https://b/"}, "https://a", id="both"),
        pytest.param({"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://e.invalid"}, "http://169.254.169.254", id="pods"),
    ],
)
def test_a_managed_identity_is_requested_at_its_endpoint(environment: dict[str, str], endpoint: str) -> None:
    account = parsed(NO_APPLICATION, **SELF_HOSTED, **environment).account
    assert account.sign_in == ManagedIdentity(endpoint=endpoint)
    assert account.signs_in_at == endpoint


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        pytest.param({"IDENTITY_ENDPOINT": "nonsense"}, "IDENTITY_ENDPOINT", id="nonsense"),
        pytest.param({"MSI_ENDPOINT": "http://u@evil.invalid/"}, "MSI_ENDPOINT", id="user"),
        pytest.param({"MSI_ENDPOINT": r"http://evil\@localhost/"}, "MSI_ENDPOINT", id="backslash"),
        pytest.param(
            {"IDENTITY_ENDPOINT": "https://a/", "IDENTITY_SERVER_THUMBPRINT": "0"},
            "IDENTITY_SERVER_THUMBPRINT",
            id="service-fabric",
        ),
    ],
)
def test_a_wrong_identity_endpoint_is_refused(environment: dict[str, str], name: str) -> None:
    assert problems(NO_APPLICATION, **SELF_HOSTED, **environment).keys() == {name}
    assert parsed({}, **SELF_HOSTED, **environment), "it is not needed"


@pytest.mark.parametrize("environment", [{}, {"IDENTITY_ENDPOINT": "http://127.0.0.1:41/t"}], ids=["imds", "endpoint"])
def test_client_id_alone_names_one_of_a_machines_identities(environment: dict[str, str]) -> None:
    sign_in = parsed({"tenant-id": ""}, **SELF_HOSTED, **NO_OIDC, **environment).account.sign_in
    assert isinstance(sign_in, ManagedIdentity)
    assert sign_in.client_id == parsed().account.sign_in.client_id  # type: ignore[union-attr]
    assert sign_in.client_id in str(sign_in)


@pytest.mark.parametrize(
    ("given", "more", "expected"),
    [
        pytest.param({"tenant-id": ""}, {**HOSTED, **NO_OIDC}, {"tenant-id", "permissions"}, id="hosted"),
        pytest.param({"client-id": ""}, {**SELF_HOSTED, **NO_OIDC}, {"client-id", "permissions"}, id="tenant-alone"),
        pytest.param({"tenant-id": "", "client-id": "x"}, {**SELF_HOSTED, **NO_OIDC}, {"client-id"}, id="no-guid"),
    ],
)
def test_an_incomplete_application_is_no_managed_identity(
    given: dict[str, str], more: dict[str, str], expected: set[str]
) -> None:
    assert problems(given, **more).keys() == expected


def test_secrets_do_not_show() -> None:
    with_secret, with_oidc = parsed(SECRET).account.sign_in, parsed().account.sign_in
    for shown in (repr(with_secret), str(with_secret), repr(with_oidc), str(with_oidc)):
        assert "s3cret" not in shown
        assert "bearer" not in shown


FORM = "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Compute"


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("scale-set", "a/b", "is not a valid name. Give the name alone", id="scale-set-form"),
        pytest.param(
            "scale-set", f"{RESOURCE_ID}/extensions/x", "is not the resource id of a scale set", id="not-its-id"
        ),
        pytest.param("scale-set", GALLERY, "is not the resource id of a scale set", id="id-of-something-else"),
        pytest.param("resource-group", "a/b", "is not a valid name", id="group-form"),
        pytest.param("subscription-id", "my subscription", "is not a GUID", id="subscription-form"),
        pytest.param("environment", "AzureGermanCloud", "Use one of: AzureCloud, AzureUSGov", id="environment"),
        pytest.param("resource-manager-endpoint", "http://arm.local", "is not the https address of a host", id="http"),
        pytest.param("resource-manager-endpoint", "arm.local", "is not the https address of a host", id="no-scheme"),
        pytest.param("resource-manager-endpoint", "https://", "is not the https address of a host", id="no-host"),
        pytest.param("resource-manager-endpoint", "https://h:99999", "is not the https address of a host", id="port"),
        pytest.param("resource-manager-endpoint", "https://[x", "is not the https address of a host", id="brackets"),
        pytest.param(
            "operation",
            "undo",
            "'undo' is not one of its values. Use one of: upgrade, plan, status, update-model, upgrade-instances, "
            "rollback, rehearse, fleet-plan, fleet-report.",
            id="op",
        ),
        pytest.param("strategy", "all", "zone, batch, native.", id="strategy"),
        pytest.param("wait-for-replication", "a while", "'a while' is not a duration", id="wait"),
        pytest.param("image-version", "1.0 beta", "is not a valid name", id="version-form"),
        pytest.param("image-sku", "a:b", "is not a valid name", id="sku-form"),
        pytest.param("image-offer", "a/b", "is not a valid name", id="offer-form"),
        pytest.param("image-publisher", "a b", "is not a valid name", id="publisher-form"),
        pytest.param("batch-size", "0", "neither a count of instances nor a percentage", id="batch-of-none"),
        pytest.param("batch-size", "0%", "neither a count of instances nor a percentage", id="no-percent"),
        pytest.param("batch-size", "-1", "neither a count of instances nor a percentage", id="negative"),
        pytest.param("batch-size", "101%", "neither a count of instances nor a percentage", id="too-many-percent"),
        pytest.param("batch-size", "2.5", "neither a count of instances nor a percentage", id="half-an-instance"),
        pytest.param("batch-size", "all", "neither a count of instances nor a percentage", id="word"),
        pytest.param("batch-size", "%", "neither a count of instances nor a percentage", id="sign-alone"),
        pytest.param("batch-size", "\u0663", "neither a count of instances nor a percentage", id="other-digits"),
        pytest.param("batch-size", "9999999999", "neither a count of instances nor a percentage", id="no-such-count"),
        pytest.param("canary", "1.5", "'1.5' is not a count of instances. Write a number from 0", id="half-a-canary"),
        pytest.param("canary", "10%", "'10%' is not a count of instances", id="canary-as-a-percentage"),
        pytest.param("canary", "-1", "'-1' is not a count of instances", id="negative-canary"),
        pytest.param("canary", "yes", "'yes' is not a count of instances", id="canary-in-words"),
        pytest.param("update-domains", "0,x,-1", "'x', '-1' in the list cannot be the number of a domain", id="number"),
        pytest.param("update-domains", "0-2", "'0-2' in the list cannot be", id="range"),
        *(
            pytest.param(name, text, f"{text!r} names nothing. Leave `{name}` out to select all.", id=f"{name}-{text}")
            for name in ("update-domains", "fault-domains", "zones", "instance-ids")
            for text in ("[]", "[ ]", '[""]', ",", ", ,")
        ),
        pytest.param("update-domains", "[0, 1", "begins like a JSON array, but is not one. Write [", id="broken-json"),
        pytest.param("update-domains", "[0] 1", "begins like a JSON array, but is not one", id="more-than-json"),
        pytest.param("update-domains", "[0,]", "begins like a JSON array, but is not one", id="json-comma"),
        pytest.param("update-domains", "[" * 99999, "begins like a JSON array, but is not one", id="deep-json"),
        pytest.param("update-domains", "[1.5, 2]", "1.5 in the list cannot be the number", id="json-fraction"),
        pytest.param("update-domains", "[1, null]", "null in the list cannot be the number", id="json-null"),
        pytest.param("update-domains", "[true]", "true in the list cannot be the number", id="json-boolean"),
        pytest.param("update-domains", "[NaN]", "NaN in the list cannot be the number", id="json-nan"),
        pytest.param("update-domains", '{"a": 1}', "in the list cannot be the number", id="json-object"),
        pytest.param("update-domains", "[" + "1" * 5000 + "]", "in the list cannot be", id="json-huge"),
        pytest.param("fault-domains", "one", "'one' in the list cannot be the number of a domain", id="fault-domain"),
        pytest.param("zones", "1,a/b", "'a/b' in the list cannot be the name of a zone", id="zone"),
        pytest.param("zones", '[["1"]]', '["1"] in the list cannot be the name of a zone', id="nested-json"),
        pytest.param("instance-ids", "*", "'*' in the list cannot be the id of an instance", id="every-instance"),
        pytest.param("instance-ids", '["*"]', "leave `instance-ids` empty for all", id="every-instance-as-json"),
        pytest.param("instance-ids", "1,a/b", "'a/b' in the list cannot be the id of an instance", id="instance"),
        pytest.param("stop-after", "-1", "Write a number from 0 on, or 0% to 100%", id="stop-after-negative"),
        pytest.param("stop-after", "101%", "neither a number of batches nor a percentage", id="stop-after-too-many"),
        pytest.param("stop-after", "first", "neither a number of batches nor a percentage", id="stop-after-words"),
        pytest.param("min-healthy", "-1", "neither a count of instances nor a percentage of those", id="min-negative"),
        pytest.param("min-healthy", "101%", "Write a number from 0 on, or 0% to 100%", id="min-too-many"),
        pytest.param("min-healthy", "most", "neither a count of instances nor a percentage of those", id="min-words"),
        pytest.param("allow-downtime", "yes", "'yes' is not one of its values. Use one of: true, false.", id="yes"),
        pytest.param("suspend-repairs", "1", "'1' is not one of its values. Use one of: true, false.", id="one"),
        pytest.param("protected-instances", "include", "Use one of: skip, fail.", id="include-protected"),
        pytest.param("stopped-instances", "fail", "Use one of: skip, include.", id="fail-stopped"),
        pytest.param("health", "off", "Use one of: auto, required, ignore.", id="health"),
        pytest.param("bake-time", "soon", "'soon' is not a duration. Write 90s, 5m", id="bake-time"),
        pytest.param("bake-time", "1h", "1h never ends within `batch-timeout` (1h)", id="bake-longer-than-the-batch"),
        pytest.param("health-timeout", "20 minutes", "is not a duration", id="health-timeout"),
        pytest.param("health-timeout", "0", "0 leaves no time at all", id="no-health-timeout"),
        pytest.param("batch-timeout", "0s", "0 leaves no time at all", id="no-batch-timeout"),
        pytest.param("batch-timeout", "1d", "is not a duration", id="days"),
        pytest.param("timeout", "-5m", "is not a duration", id="timeout"),
        pytest.param("timeout", "PT0S", "0 leaves no time at all", id="no-timeout"),
        pytest.param("report-path", "/etc/passwd", "does not name a file below the workspace", id="absolute"),
        pytest.param("report-path", "a/../../b", "does not name a file below the workspace", id="upwards"),
        pytest.param("report-path", "out/", "does not name a file below the workspace", id="folder"),
        pytest.param("report-path", "a\0b", "does not name a file below the workspace", id="nul"),
        pytest.param("report-path", "a\nb.json", "does not name a file below the workspace", id="line-break"),
        pytest.param("report-path", "a\x1bb.json", "does not name a file below the workspace", id="escape"),
        pytest.param("report-path", "a\u2028b.json", "does not name a file below the workspace", id="separator"),
        pytest.param("report-path", "a\u202eb.json", "does not name a file below the workspace", id="turned-round"),
        pytest.param("report-path", ".git/config", "below a .git folder", id="git"),
        pytest.param("report-path", "a/.GIT/hooks/x", "below a .git folder", id="git-of-a-module"),
        pytest.param("report-path", ".git", "below a .git folder", id="git-itself"),
        pytest.param("report-html", "../a.html", "does not name a file below the workspace", id="page-upwards"),
        pytest.param("report-html", ".git/a.html", "below a .git folder", id="page-below-git"),
    ],
)
def test_refused(name: str, value: str, words: str) -> None:
    found = problems({name: value})
    assert found.keys() == {name}
    assert words in found[name]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("image-id", "web", "it must begin with /subscriptions/, /SharedGalleries/", id="image-name"),
        pytest.param("image-id", "https://a/x.vhd", "it must begin with", id="image-address"),
        pytest.param("image-id", "/", "it must begin with", id="slash"),
        pytest.param("image-id", "/subscriptionsx/s", "it must begin with", id="nearly-subscriptions"),
        pytest.param("image-id", MANAGED[1:], "it must begin with", id="no-slash-in-front"),
        pytest.param(
            "image-id",
            f"/subscriptions/{SUBSCRIPTION}",
            "it lacks /resourceGroups/GROUP/providers/Mi",
            id="subscription",
        ),
        pytest.param("image-id", COMPUTE, f"it lacks /images/IMAGE at its end. Write {FORM}/images/IMAGE.", id="group"),
        pytest.param("image-id", f"{COMPUTE}/images", "it lacks /IMAGE at its end", id="no-image-name"),
        pytest.param(
            "image-id",
            MANAGED.replace("images", "disks"),
            f"it has 'disks' after {COMPUTE} where `images` belongs",
            id="disk",
        ),
        pytest.param("image-id", MANAGED.replace("Compute", "Storage"), "where `Microsoft.Compute` be", id="provider"),
        pytest.param("image-id", MANAGED.replace("/g/", "//"), "where a resource group's name belongs", id="no-group"),
        pytest.param("image-id", f"{MANAGED}?a=b", "it has 'web?a=b' after", id="query"),
        pytest.param(
            "image-id",
            f"{MANAGED}/versions/1.0.0",
            "it goes on after the image, with /versions/1.0.0",
            id="managed-image-with-a-version",
        ),
        pytest.param("image-id", f"{COMPUTE}/galleries/g", "it lacks /images/IMAGE at its end", id="gallery"),
        pytest.param("image-id", f"{GALLERY}/versions", "it lacks /VERSION at its end", id="no-version"),
        pytest.param(
            "image-id",
            f"{GALLERY}/versions/1.0",
            f"it has '1.0' after {GALLERY}/versions where a version, X.Y.Z or latest belongs. "
            f"Write {FORM}/galleries/GALLERY/images/IMAGE[/versions/VERSION].",
            id="half-a-version",
        ),
        pytest.param("image-id", f"{GALLERY}/versions/newest", "where a version, X.Y.Z or latest", id="word"),
        pytest.param("image-id", f"{GALLERY}/versions/1.0.0/x", "it goes on after the version, with /x", id="more"),
        pytest.param("image-id", "/SharedGalleries/", "it lacks /GALLERY/Images/IMAGE at its end", id="bare-shared"),
        pytest.param("image-id", "/SharedGalleries/u", "it lacks /Images/IMAGE at its end", id="shared-gallery"),
        pytest.param("image-id", f"{SHARED}/1.0.0", "it has '1.0.0' after", id="shared-without-the-word"),
        pytest.param("image-id", "/CommunityGalleries/p/Images", "it lacks /IMAGE", id="community-image"),
        pytest.param(
            "image-id", f"{COMMUNITY}/Versions/v1", "where a version, X.Y.Z or latest", id="community-version"
        ),
        pytest.param("image-version", f"{GALLERY}/versions/1.0.0", "give it as `image`", id="id-as-a-version"),
        pytest.param("image-sku", MANAGED, "give it as `image`", id="id-as-a-sku"),
        pytest.param("image-version", "https://a/x.vhd?sig=SECRET", "give it as `image`", id="vhd-as-a-version"),
        pytest.param("image-uri", "web.vhd", "'web.vhd' is not the address of a VHD", id="vhd-name"),
        pytest.param("image-uri", "ftp://a/x.vhd?sig=SECRET", "'ftp://a/x.vhd' is not the address", id="vhd-scheme"),
        pytest.param("image-uri", "https:///x.vhd", "is not the address of a VHD", id="vhd-host"),
        pytest.param("image-uri", r"https://evil\@a/x.vhd?SECRET", "is not the address of a VHD", id="vhd-backslash"),
        pytest.param("image-uri", "https://u:SECRET@a/x.vhd", "is not the address of a VHD", id="vhd-user"),
        pytest.param("image-uri", "https://a/x.vhd#?sig=SECRET", "is not the address of a VHD", id="vhd-fragment"),
        pytest.param("image-uri", "https://a/x y.vhd?sig=SECRET", "is not the address of a VHD", id="vhd-blank"),
        pytest.param("image-uri", "https://a/x\n.vhd?sig=SECRET", "is not the address of a VHD", id="vhd-line"),
        pytest.param("image-uri", "https://\u00e4/x.vhd?sig=SECRET", "is not the address of a VHD", id="vhd-letters"),
    ],
)
def test_refused_image(name: str, value: str, words: str) -> None:
    found = problems({"image-version": "", name: value})
    assert found.keys() == {name}
    assert words in found[name]
    assert "SECRET" not in found[name]


NO_NAMES = [
    pytest.param(".", id="dot"),
    pytest.param("..", id="dots"),
    pytest.param("...", id="three-dots"),
    pytest.param("web.", id="dot-at-the-end"),
    pytest.param("%2e%2e", id="dots-encoded"),
    pytest.param("we\u200db", id="joiner"),
    pytest.param("we\u0301b", id="accent-of-its-own"),
    pytest.param("web\u00b2", id="superscript"),
    pytest.param("w\u202eb", id="turned-round"),
    pytest.param("a b", id="blank"),
]
NO_ASCII = [
    pytest.param("w\u00ebb", id="letter"),
    pytest.param("\uff37eb", id="wide-letter"),
    pytest.param("w\u0435b", id="cyrillic"),
    pytest.param("web\u0663", id="digit"),
    pytest.param(".web", id="dot-at-the-beginning"),
    pytest.param("-web", id="like-an-option"),
]


@pytest.mark.parametrize("value", NO_NAMES + NO_ASCII)
@pytest.mark.parametrize("name", ["scale-set", "image-version", "image-sku", "image-offer", "image-publisher"])
def test_an_impossible_name_is_refused(name: str, value: str) -> None:
    assert problems({name: value}).keys() == {name}


@pytest.mark.parametrize("value", [*NO_NAMES, pytest.param("x" * 91, id="long")])
def test_an_impossible_name_of_a_resource_group_is_refused(value: str) -> None:
    assert problems({"resource-group": value}).keys() == {"resource-group"}
    elsewhere = {"resource-group": "", "subscription-id": ""}
    assert problems({"scale-set": RESOURCE_ID.replace("/rg/", f"/{value}/"), **elsewhere}).keys() == {"scale-set"}
    assert problems({"image-version": "", "image-id": MANAGED.replace("/g/", f"/{value}/")}).keys() == {"image-id"}


@pytest.mark.parametrize("value", NO_NAMES + NO_ASCII)
def test_an_impossible_name_in_an_id_is_refused(value: str) -> None:
    elsewhere = {"resource-group": "", "subscription-id": ""}
    assert problems({"scale-set": RESOURCE_ID.replace("/web", f"/{value}"), **elsewhere}).keys() == {"scale-set"}
    for image in (MANAGED, GALLERY, SHARED, COMMUNITY):
        assert problems({"image-version": "", "image-id": image[:-3] + value}).keys() == {"image-id"}
    assert problems({"image-version": "", "image-id": GALLERY.replace("/g/i", f"/{value}/i")}).keys() == {"image-id"}
    assert problems({"instance-ids": json.dumps(["1", value])}).keys() == {"instance-ids"}
    assert problems({"zones": json.dumps(["1", value])}).keys() == {"zones"}


@pytest.mark.parametrize(
    "value", ["sub", "..", SUBSCRIPTION[:-1], f"{SUBSCRIPTION}.", SUBSCRIPTION.replace("5b", "5g")]
)
def test_a_subscription_in_an_id_is_a_guid(value: str) -> None:
    elsewhere = {"resource-group": "", "subscription-id": ""}
    found = problems({"scale-set": RESOURCE_ID.replace(SUBSCRIPTION, value), **elsewhere})
    assert f"{value!r} is not a valid subscription id" in found["scale-set"]
    found = problems({"image-version": "", "image-id": GALLERY.replace(SUBSCRIPTION, value)})
    assert "where the subscription's id belongs" in found["image-id"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(
            {"image-id": f"{GALLERY}/versions/1.0.0"}, "image-version and image-id name different", id="version-and-id"
        ),
        pytest.param(
            {"image-sku": "s", "image-uri": "https://a/x.vhd"},
            "image-version/image-sku and image-uri name different images. Keep one of them.",
            id="platform-and-uri",
        ),
    ],
)
def test_two_images(given: dict[str, str], words: str) -> None:
    assert words in " ".join(problems(given).values())


@pytest.mark.parametrize(
    ("given", "name", "words"),
    [
        pytest.param(
            {"allow-downtime": "TRUE", "min-healthy": "50%"},
            "min-healthy",
            "50% contradicts `allow-downtime: true`",
            id="downtime-and-half",
        ),
        pytest.param(
            {"allow-downtime": "true", "min-healthy": "1"},
            "min-healthy",
            "1 contradicts `allow-downtime: true`",
            id="downtime-and-one",
        ),
        pytest.param(
            {"bake-time": "5s", "batch-timeout": "1s"},
            "bake-time",
            "5s never ends within `batch-timeout` (1s)",
            id="bake-longer-than-the-batch",
        ),
    ],
)
def test_inputs_that_contradict_each_other_are_refused(given: dict[str, str], name: str, words: str) -> None:
    found = problems(given)
    assert found.keys() == {name}
    assert words in found[name]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        pytest.param("resource-group", "other", id="group"),
        pytest.param("subscription-id", TENANT, id="subscription"),
    ],
)
def test_contradiction_with_the_resource_id(name: str, other: str) -> None:
    found = problems({"scale-set": RESOURCE_ID, name: other})
    assert found.keys() == {name}
    assert f"{other!r} contradicts" in found[name]
    assert f"Leave `{name}` out." in found[name]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        pytest.param("SCALE_SET", "Did you mean `scale-set`?", id="underscore"),
        pytest.param("BATCHSIZE", "Did you mean `batch-size`?", id="no-hyphen"),
        pytest.param("IMAGE-VERISON", "Did you mean `image-version`?", id="transposed"),
        pytest.param("XYZZY", "The inputs are: resource-group, scale-set,", id="nothing-near"),
    ],
)
def test_unknown_input(name: str, remedy: str) -> None:
    found = problems({}, **{f"INPUT_{name}": "x"})
    assert found.keys() == {name.lower()}
    assert "there is no input of this name" in found[name.lower()]
    assert remedy in found[name.lower()]


def test_an_unknown_input_is_refused_even_when_empty() -> None:
    assert problems({}, INPUT_BATCHSIZE="").keys() == {"batchsize"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("INPUT_image-version", "9.9.9", id="lower-case"),
        pytest.param("INPUT_Image-Version", "9.9.9", id="mixed-case"),
        pytest.param("INPUT_report-path", "x.json", id="another-input"),
        pytest.param("INPUT_client-secret", "s3cret", id="a-secret"),
        pytest.param("INPUT_operation", "", id="empty"),
        pytest.param("INPUT_entrypoint", "x", id="of-the-runner"),
        pytest.param("INPUT_T\u0131MEOUT", "1s", id="dotless"),
    ],
)
def test_a_name_that_the_runner_does_not_write_overrides_nothing(variable: str, value: str) -> None:
    environment = environ({"report-path": "mine.json"})
    for given in ({**environment, variable: value}, {variable: value, **environment}):
        found = refusals(given)
        assert found.keys() == {variable}
        assert f"INPUT_{variable[6:].upper()}" in found[variable]
        assert "s3cret" not in found[variable]
        assert usable_files(given).record == "mine.json"
        assert parse_account(given) == parsed().account


def test_another_beginning_is_none_of_ours() -> None:
    assert parsed({}, **{"Input_image-version": "9.9.9", "input_x": "1"}) == parsed()


def test_every_problem_is_reported_at_once() -> None:
    found = problems(
        {
            "scale-set": "",
            "resource-group": "",
            "environment": "Mars",
            "operation": "explode",
            "on-failure": "x",
            "record": "../x",
            "expect-plan": "x",
            "image": "a:b",
            "image-version": "1 0",
            "wait-for-replication": "long",
            "strategy": "all",
            "batch-size": "0",
            "canary": "none",
            "update-domains": "x",
            "fault-domains": "x",
            "zones": "/",
            "instance-ids": "*",
            "stop-after": "x",
            "not-after": "x",
            "min-healthy": "x",
            "allow-downtime": "x",
            "protected-instances": "x",
            "stopped-instances": "x",
            "health": "x",
            "suspend-repairs": "x",
            "bake-time": "x",
            "health-timeout": "x",
            "batch-timeout": "x",
            "timeout": "never",
            "drain-command": "a\0b",
            "drain-timeout": "2h",
            "probe-url": "x",
            "surge": "x",
            "probe-max-failures": "x",
            "before-batch-url": "x",
            "after-batch-url": "x",
            "hook-secret": "x",
            "hook-timeout": "x",
            "report-path": "/x",
            "report-html": "/x",
        },
        INPUT_SPEED="fast",
        **NO_OIDC,
    )
    wrong = {"speed", "client-secret", *INPUTS} - {
        *("subscription-id", "tenant-id", "client-id", "audience", "resource-manager-endpoint", "authority-host"),
        *("image-version", "image-sku", "image-offer", "image-publisher", "image-id", "image-uri"),
        *("config", "waves", "wave", "records", "typical-upgrade-time"),
    }
    assert found.keys() == wrong


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param(
            {"operation": "fleet-plan"},
            {"operation": "'fleet-plan' concerns a whole fleet, and no single scale set. Use another operation."},
            id="operation-of-a-fleet",
        ),
        *(
            pytest.param(
                {"operation": "plan", name: "x"},
                {name: f"is of no use with `operation: plan`. Leave it out, or use `operation: {operation}`."},
                id=name,
            )
            for name, operation in (("waves", "fleet-plan"), ("wave", "fleet-report"), ("records", "fleet-report"))
        ),
    ],
)
def test_a_rollout_of_one_scale_set_has_no_use_for_a_fleet(given: dict[str, str], found: dict[str, str]) -> None:
    assert problems(given) == found


# -- rehearsal -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("", None, id="none"),
        pytest.param("5m", (240.0, 360.0), id="a-fifth-to-either-side"),
        pytest.param("PT10M", (480.0, 720.0), id="iso"),
    ],
)
def test_the_time_of_an_upgrade_is_a_range(value: str, expected: tuple[float, float] | None) -> None:
    inputs = parsed({"operation": "rehearse", "typical-upgrade-time": value})
    assert inputs.order.ready_within == pytest.approx(expected)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param({"typical-upgrade-time": "0m"}, "0 leaves no time at all", id="no-time"),
        pytest.param({"typical-upgrade-time": "5"}, "'5' has no unit", id="no-unit"),
        pytest.param({"typical-upgrade-time": "soon"}, "'soon' is not a duration", id="no-duration"),
        pytest.param(
            {"operation": "upgrade", "typical-upgrade-time": "5m"},
            "is of no use with `operation: upgrade`. Leave it out, or use `operation: rehearse`.",
            id="upgrade",
        ),
    ],
)
def test_a_time_of_no_use_is_refused(given: dict[str, str], problem: str) -> None:
    found = problems({"operation": "rehearse", "image-version": "2.0.0", **given})
    assert found.keys() == {"typical-upgrade-time"}
    assert problem in found["typical-upgrade-time"]


# -- rollback ------------------------------------------------------------------------------------------------------

RECORD = {
    "schema": "vmss-upgrade/record/1",
    "scale_set": {"id": RESOURCE_ID},
    "previous_image": "Canonical:jammy:22_04-lts:1.0.0",
    "target_image": f"{GALLERY}/versions/2.0.0",
}


def recorded(tmp_path: Path, text: str, **given: str) -> dict[str, str]:
    """Return the environment of a job whose workspace has a record."""
    (tmp_path / "out").mkdir(exist_ok=True)
    (tmp_path / "out" / "record.json").write_text(text)
    usual = {"operation": "rollback", "image-version": "", "record": "out/record.json"}
    return environ({**usual, **given}, GITHUB_WORKSPACE=str(tmp_path))


def test_a_rollback_needs_no_image() -> None:
    order = parsed({"operation": "rollback", "image-version": ""}).order
    assert (order.command, order.image, order.recorded) == (Command.ROLLBACK, ImageRequest(), None)


def test_a_rollback_to_an_image() -> None:
    assert parsed({"operation": "rollback"}).order.image == ImageRequest(version="2.0.0")


def test_never_to_a_floating_version() -> None:
    found = problems({"operation": "rollback", "image-version": "Latest"})
    assert found["image-version"].startswith("`latest` names no exact version to return to. Name the version that the")


def test_a_failure_stops_the_run_unless_rollback_is_chosen() -> None:
    assert parsed().order.policy.on_failure is OnFailure.STOP
    assert parsed({"on-failure": "Rollback"}).order.policy.on_failure is OnFailure.ROLLBACK
    assert parsed({"on-failure": "restore-model"}).order.policy.on_failure is OnFailure.RESTORE_MODEL


def test_a_record_is_read(tmp_path: Path) -> None:
    order = parse_inputs(recorded(tmp_path, json.dumps(RECORD))).order
    assert order.recorded is not None
    assert order.recorded.scale_set_id == RESOURCE_ID
    assert (order.recorded.previous.version, order.recorded.target.reference) == ("1.0.0", f"{GALLERY}/versions/2.0.0")


def test_a_record_tells_a_rollout_what_to_return_to(tmp_path: Path) -> None:
    given = recorded(tmp_path, json.dumps(RECORD), operation="upgrade", **{"image-version": "2.0.0"})
    for going_back in ("rollback", "restore-model"):
        assert parse_inputs(given | {"INPUT_ON-FAILURE": going_back}).order.recorded is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"schema": "other/1"}, "is not a record of this action", id="schema"),
        pytest.param({"schema": 7}, "is not a record of this action", id="schema-type"),
        pytest.param(
            {"previous_image": None}, "does not name the scale set, the previous and the target image", id="no-previous"
        ),
        pytest.param(
            {"previous_image": "a:b"}, "does not name the scale set, the previous and the target image", id="no-image"
        ),
        pytest.param(
            {"target_image": []}, "does not name the scale set, the previous and the target image", id="target-type"
        ),
        pytest.param({"scale_set": "x"}, "does not name the scale set, the previous and the target image", id="no-set"),
        pytest.param(
            {"scale_set": {"id": 1}}, "does not name the scale set, the previous and the target image", id="set-type"
        ),
        pytest.param({"schema": json.loads("[" * 400 + "]" * 400)}, "is not a record of this action", id="deep-schema"),
        pytest.param({"previous_image": json.loads("[" * 400 + "]" * 400)}, "does not name", id="deep-image"),
        pytest.param(
            {"target_image": 1}, "does not name the scale set, the previous and the target image", id="target-number"
        ),
        pytest.param({"previous_image": "a:b:c:latest"}, "names no exact previous image (a:b:c:latest)", id="floating"),
        pytest.param({"previous_image": MANAGED.replace("/g/", "/../")}, "does not name", id="way-up"),
        pytest.param({"previous_image": MANAGED.replace(SUBSCRIPTION, "s")}, "does not name", id="no-guid"),
        pytest.param({"previous_image": f"{GALLERY}/versions/1.0.0/../2.0.0"}, "does not name", id="way-up-a-version"),
        pytest.param({"previous_image": "a:..:c:1.0.0"}, "does not name", id="way-up-an-offer"),
        pytest.param({"target_image": "a:b/../c:d:1.0.0"}, "does not name", id="a-path-as-an-offer"),
        pytest.param({"previous_image": r"https://evil\@a/x.vhd"}, "does not name", id="vhd-backslash"),
        pytest.param({"previous_image": GALLERY}, "names no exact previous image", id="definition"),
    ],
)
def test_a_record_that_is_none(change: dict[str, object], said: str, tmp_path: Path) -> None:
    refused = refusals(recorded(tmp_path, json.dumps({**RECORD, **change})))
    assert refused["record"].startswith(f"'out/record.json' {said}")
    assert "its `report-path`" in refused["record"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("{", "is not JSON", id="broken"),
        pytest.param("[" * 100_000, "is not JSON", id="deep"),
        pytest.param("[]", "is not a record of this action", id="a-list"),
        pytest.param('"' + "x" * 17_000_000 + '"', "is larger than 16,384 KiB", id="large"),
        pytest.param('{"schema":' + "[" * 3000 + "]" * 3000 + "}", "is not JSON", id="deep-and-whole"),
    ],
)
def test_a_file_that_is_no_record(text: str, said: str, tmp_path: Path) -> None:
    assert said in refusals(recorded(tmp_path, text))["record"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("none.json", "cannot be read: No such file or directory", id="missing"),
        pytest.param("out", "cannot be read: Is a directory", id="folder"),
        pytest.param("../x.json", "does not name a file below the workspace", id="above"),
        pytest.param("/etc/passwd", "does not name a file below the workspace", id="absolute"),
        pytest.param("link.json", "leads out of the workspace", id="link"),
    ],
)
def test_a_path_that_is_no_record(path: str, said: str, tmp_path: Path) -> None:
    given = recorded(tmp_path, json.dumps(RECORD), record=path)
    (tmp_path / "link.json").symlink_to("/etc/passwd")
    assert said in refusals(given)["record"]


def test_the_largest_record_that_is_written_is_read(tmp_path: Path) -> None:
    record = json.dumps(RECORD)
    given = recorded(tmp_path, record + " " * (LARGEST_RECORD - len(record)))
    assert parse_inputs(given).order.recorded is not None
    assert "is larger than" in refusals(recorded(tmp_path, record + " " * (LARGEST_RECORD + 1 - len(record))))["record"]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: os.mkfifo(path), id="fifo"),
        pytest.param(lambda path: path.mkdir(), id="folder"),
        pytest.param(lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), id="socket"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), id="device"),
        pytest.param(lambda path: path.symlink_to("/proc/self/environ"), id="own-environment"),
        pytest.param(lambda path: path.symlink_to(path.name), id="itself"),
        pytest.param(lambda path: path.symlink_to("fifo") or os.mkfifo(path.with_name("fifo")), id="link-to-a-fifo"),
    ],
)
def test_a_record_is_a_regular_file(make: Callable[[Path], object], tmp_path: Path) -> None:
    given = recorded(tmp_path, "", record="made.json")
    make(tmp_path / "made.json")
    assert refusals(given).keys() == {"record"}


def test_a_link_below_the_workspace_is_followed(tmp_path: Path) -> None:
    given = recorded(tmp_path, json.dumps(RECORD), record="link.json")
    (tmp_path / "link.json").symlink_to("out/record.json")
    assert parse_inputs(given).order.recorded is not None


def test_a_path_that_cannot_be_written_down_is_no_bug(tmp_path: Path) -> None:
    for path in ("\ud800", "x" * 5000):
        with pytest.raises(InputError, match="record"):
            parse_inputs(recorded(tmp_path, "", record=path))


def test_a_record_is_of_no_use_without_a_rollback(tmp_path: Path) -> None:
    given = recorded(tmp_path, json.dumps(RECORD), operation="upgrade", **{"image-version": "2.0.0"})
    assert "is of no use without a rollback or a rehearsal. Leave it out" in refusals(given)["record"]


def test_the_sentence_of_the_error_names_the_inputs() -> None:
    for given, text in (
        ({"batch-size": "x"}, "1 problem with the inputs: batch-size. Correct it in the workflow."),
        (
            {"batch-size": "x", "timeout": "x"},
            "2 problems with the inputs: batch-size, timeout. Correct them in the workflow.",
        ),
    ):
        with pytest.raises(InputError) as refused:
            parsed(given)
        assert f"{refused.value} {refused.value.remedy}" == text


def test_the_account_alone() -> None:
    assert parse_account(environ({"timeout": "never"}, INPUT_SPEED="fast")) == parsed().account
    with pytest.raises(InputError, match="scale-set"):
        parse_account(environ({"scale-set": ""}))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h", 3600),
        ("1h30m", 5400),
        ("1h0m5s", 3605),
        ("PT5M", 300),
        ("pt1h5s", 3605),
        ("5M", 300),
        ("90", 90),
        ("0", 0),
        (" 5m ", 300),
        ("", None),
        ("PT", None),
        ("m", None),
        ("5", 5),
        ("5m1h", None),
        ("5 m", None),
        ("1.5h", None),
        ("-5m", None),
        ("5m;", None),
        ("1d", None),
        ("P1D", None),
        ("5m30", None),
        ("inf", None),
        ("1e3", None),
    ],
    ids=repr,
)
def test_duration(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


# -- any text --------------------------------------------------------------------------------------------------------

BLANKS = st.text(alphabet=" \t", max_size=2)
IDS = st.lists(
    st.text(alphabet=string.ascii_letters + string.digits + "_-.", min_size=1, max_size=5).filter(
        lambda item: item[0] not in ".-" and item[-1] != "."
    ),
    min_size=1,
    max_size=8,
)
FORMS: dict[str, Callable[[list[str], str], str]] = {
    "commas": lambda items, blank: ",".join(f"{blank}{item}{blank}" for item in items),
    "lines": lambda items, blank: "".join(f"{blank}{item}{blank}\n" for item in items),
    "json": lambda items, blank: json.dumps([f"{blank}{item}{blank}" for item in items], indent=len(blank) or None),
    "json-numbers": lambda items, blank: (
        f"[{','.join(item if _is_number(item) else json.dumps(item) for item in items)}]"
    ),
}


def _is_number(item: str) -> bool:
    return item.isdecimal() and str(int(item)) == item


@pytest.mark.parametrize("form", FORMS)
@STEADY
@examples(items=IDS, blank=BLANKS)
def test_a_list_comes_back_from_every_form(form: str, items: list[str], blank: str) -> None:
    text = FORMS[form](items, blank)
    assert parse_list(text) == (items, [])
    once = {item.lower(): item for item in reversed(items)}
    found = parsed({"instance-ids": text}).order.policy.selection.instance_ids
    assert list(found) == [once[key] for key in dict.fromkeys(item.lower() for item in items)]


@pytest.mark.parametrize("form", FORMS)
@STEADY
@examples(numbers=st.lists(st.integers(0, 999_999_999), min_size=1, max_size=8), blank=BLANKS)
def test_numbers_come_back_from_every_form(form: str, numbers: list[int], blank: str) -> None:
    text = FORMS[form]([str(number) for number in numbers], blank)
    found = parsed({"fault-domains": text}).order.policy.selection.fault_domains
    assert found == tuple(dict.fromkeys(numbers))


HINTS = [
    "[",
    "]",
    '"',
    ",",
    "\n",
    "%",
    "/",
    "//",
    "1",
    "0",
    "latest",
    "true",
    "*",
    "https://",
    "PT",
    "\ud800",
    "\u0663",
]
HINTS += ["/subscriptions/", "/SharedGalleries/", "/versions/", "null", "1e999", "-", "?", "@[", ":99999"]
ANY_TEXT = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(HINTS), max_size=8).map("".join))
NAMES = st.sampled_from(
    [f"INPUT_{name.upper()}" for name in INPUTS] + [*OIDC, "AZURE_AUTHORITY_HOST", "RUNNER_ENVIRONMENT"]
)


@settings(parent=STEADY, max_examples=8 * settings.default.max_examples)
@examples(values=st.dictionaries(st.one_of(NAMES, st.text(max_size=8).map("INPUT_".__add__)), ANY_TEXT, max_size=6))
def test_no_text_ends_in_anything_but_problems(values: dict[str, str]) -> None:
    try:
        parse_inputs(environ({}) | values)
    except InputError as error:
        assert all(problem.message and problem.remedy for problem in error.problems)


@pytest.mark.parametrize("name", INPUTS)
@settings(parent=STEADY, max_examples=settings.default.max_examples // 3)
@examples(value=ANY_TEXT)
def test_no_value_of_any_input_does_either(name: str, value: str) -> None:
    try:
        parse_inputs(environ({name: value}))
    except InputError as error:
        assert error.problems
