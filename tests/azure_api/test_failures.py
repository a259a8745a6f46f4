"""Failures without an answer: which of them waiting can cure, and what to do about the others."""

from __future__ import annotations

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError

from vmss_upgrade.azure_api.failures import translated
from vmss_upgrade.errors import AzureError, Trouble

UNTRUSTED = "HTTPSConnectionPool: [SSL: CERTIFICATE_VERIFY_FAILED] unable to get local issuer certificate"


@pytest.mark.parametrize(
    ("raised", "trouble", "remedy"),
    [
        pytest.param(ServiceResponseError("read timed out"), Trouble.UNCERTAIN, "", id="no-answer"),
        pytest.param(ServiceRequestError("connection refused"), Trouble.UNCERTAIN, "", id="not-reached"),
        pytest.param(ServiceRequestError(UNTRUSTED), Trouble.REJECTED, "REQUESTS_CA_BUNDLE", id="untrusted"),
        pytest.param(OSError("no file /nowhere.pem"), Trouble.REJECTED, "REQUESTS_CA_BUNDLE", id="no-bundle"),
        pytest.param(ValueError("Retry-After: soon"), Trouble.UNCERTAIN, "", id="unreadable"),
    ],
)
def test_a_failure_without_an_answer(raised: Exception, trouble: Trouble, remedy: str) -> None:
    with pytest.raises(AzureError) as failed, translated("reading the scale set"):
        raise raised
    assert failed.value.trouble is trouble
    assert remedy in failed.value.remedy
    assert bool(failed.value.remedy) == bool(remedy)
    assert failed.value.doing == "reading the scale set"
