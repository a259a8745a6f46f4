"""Failures without an answer: which of them waiting can cure, and what to do about the others."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from scripted import answer, azure, error

from vmss_upgrade.azure_api.failures import read_by_the_sdk, retry_after, translated
from vmss_upgrade.errors import AzureError, Trouble

UNTRUSTED = "HTTPSConnectionPool: [SSL: CERTIFICATE_VERIFY_FAILED] unable to get local issuer certificate"


@pytest.mark.parametrize(
    ("raised", "trouble", "remedy"),
    [
        pytest.param(ServiceResponseError("read timed out"), Trouble.UNCERTAIN, "", id="no-answer"),
        pytest.param(ServiceRequestError("connection refused"), Trouble.UNCERTAIN, "", id="not-reached"),
        pytest.param(ServiceRequestError(UNTRUSTED), Trouble.REJECTED, "REQUESTS_CA_BUNDLE", id="untrusted"),
        pytest.param(OSError("no file /nowhere.pem"), Trouble.REJECTED, "REQUESTS_CA_BUNDLE", id="no-bundle"),
    ],
)
def test_a_failure_without_an_answer(raised: Exception, trouble: Trouble, remedy: str) -> None:
    with pytest.raises(AzureError) as failed, translated("reading the scale set"):
        raise raised
    assert failed.value.trouble is trouble
    assert remedy in failed.value.remedy
    assert bool(failed.value.remedy) == bool(remedy)
    assert failed.value.doing == "reading the scale set"


@pytest.mark.parametrize(
    "raised",
    [
        pytest.param(ValueError("Retry-After: soon"), id="a-value"),
        pytest.param(AttributeError("'list' object has no attribute 'get'"), id="another-type"),
        pytest.param(RecursionError("maximum recursion depth exceeded"), id="too-deep"),
        pytest.param(TypeError("int() argument must be a string"), id="no-number"),
        pytest.param(KeyError("status"), id="a-field"),
    ],
)
def test_what_the_sdk_stumbles_over_is_an_answer_that_cannot_be_read(raised: Exception) -> None:
    with pytest.raises(AzureError, match="cannot be read") as failed, translated("polling"), read_by_the_sdk():
        raise raised
    assert failed.value.trouble is Trouble.UNCERTAIN


def test_what_we_stumble_over_ourselves_is_a_bug() -> None:
    with pytest.raises(TypeError), translated("polling"):
        raise TypeError("ours")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "37"}, 37.0, id="seconds"),
        pytest.param({"retry-after": " 2.5 "}, 2.5, id="a-fraction"),
        pytest.param({"retry-after-ms": "2500"}, 2.5, id="milliseconds"),
        pytest.param({"x-ms-retry-after-ms": "2500"}, 2.5, id="azures-milliseconds"),
        pytest.param({"retry-after": "0.0001"}, 1.0, id="next-to-nothing"),
        pytest.param({"retry-after-ms": "1"}, 1.0, id="a-millisecond"),
        pytest.param({"x-ms-retry-after-ms": "0.001"}, 1.0, id="a-microsecond"),
        pytest.param({"retry-after": "0"}, None, id="nothing"),
        pytest.param({"retry-after": "0.0"}, None, id="nothing-as-a-fraction"),
        pytest.param({"retry-after": "-5"}, None, id="negative"),
        pytest.param({"retry-after": "nan"}, None, id="not-a-number"),
        pytest.param({"retry-after": "inf"}, None, id="infinite"),
        pytest.param({"retry-after": "1e-9"}, None, id="an-exponent"),
        pytest.param({"retry-after": "1e400"}, None, id="an-exponent-without-end"),
        pytest.param({"retry-after": "0x1"}, None, id="hexadecimal"),
        pytest.param({"retry-after": "1_0"}, None, id="underscore"),
        pytest.param({"retry-after": "\u0661"}, None, id="arabic"),
        pytest.param({"retry-after": "+1"}, None, id="plus"),
        pytest.param({"retry-after": "9" * 400}, float("inf"), id="long"),
        pytest.param({"retry-after": "Fri, 31 Dec 2027 23:59:59 GMT"}, None, id="a-date"),
        pytest.param({"retry-after": "soon", "retry-after-ms": "3000"}, 3.0, id="words"),
        pytest.param({}, None, id="none"),
    ],
)
def test_the_wait_that_an_answer_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


LIMIT = (
    "Virtual Machine Scale Set 'web' has reached its limit of 10 models that may be referenced by one or more VMs "
    "belonging to the Virtual Machine Scale Set. Upgrade the VMs to the latest model of the Virtual Machine Scale Set "
    "before trying again."
)
FORBIDDEN = (
    "The client 'c' with object id 'o' does not have authorization to perform action "
    "'Microsoft.Compute/virtualMachineScaleSets/manualupgrade/action' over scope '/subscriptions/s' or the scope is "
    "invalid."
)
NOT_REGISTERED = "Subscription s is not registered for feature {} required to carry out the requested operation."
REGISTER = "az feature register --namespace {} --name {}"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        pytest.param(
            error(409, "OperationNotAllowed", LIMIT), ["at most ten", "operation: upgrade-instances"], id="10"
        ),
        pytest.param(
            error(400, "SubscriptionNotRegisteredForFeature", NOT_REGISTERED.format("Microsoft.Network/AllowVmss")),
            ["Microsoft.Network/AllowVmss", REGISTER.format("Microsoft.Network", "AllowVmss")],
            id="feature",
        ),
        pytest.param(
            error(409, "OperationNotAllowed", "The feature Microsoft.Compute/VMSSFlexRollingUpgrade is not enabled."),
            [REGISTER.format("Microsoft.Compute", "VMSSFlexRollingUpgrade")],
            id="feature-by-its-words",
        ),
        pytest.param(
            error(400, "SubscriptionNotRegisteredForFeature", "Not registered."),
            [REGISTER.format("Microsoft.Compute", "ImageReferenceUpgradeForVmoVMs"), "VMSSFlexRollingUpgrade"],
            id="feature-that-is-not-named",
        ),
        pytest.param(
            error(400, "BadRequest", "Needs ImageReferenceUpgradeForVmoVMs."),
            [REGISTER.format("Microsoft.Compute", "ImageReferenceUpgradeForVmoVMs")],
            id="feature-without-its-namespace",
        ),
        pytest.param(error(404, "PlatformImageNotFound"), ["SKU", "region", "az vm image list"], id="platform-image"),
        pytest.param(
            error(404, "GalleryImageNotFound"), ["target regions", "az sig image-version"], id="gallery-image"
        ),
        pytest.param(
            error(403, "AuthorizationFailed", FORBIDDEN),
            ["lacks the action Microsoft.Compute/virtualMachineScaleSets/manualupgrade/action.", "README"],
            id="action",
        ),
        pytest.param(error(403, "AuthorizationFailed", "No."), ["README"], id="action-that-is-not-named"),
        pytest.param(
            error(400, "Odd", "The type Microsoft.Compute/virtualMachines cannot do this."), [], id="not-a-feature"
        ),
        pytest.param(answer(400, {"error": {"code": ["x"], "message": {"y": 1}}}), [], id="odd-types"),
    ],
)
def test_what_to_do_about_a_refusal(reply: Any, words: list[str]) -> None:
    with pytest.raises(AzureError) as refused:
        azure(reply)[0].upgrade(("1",))
    assert [word for word in words if word not in refused.value.remedy] == []
    assert bool(refused.value.remedy) == bool(words)
