"""What Azure's headers show of its budgets, and headers that nobody should believe."""

from __future__ import annotations

import pytest

from vmss_upgrade.azure_api.levels import levels_in

RESOURCE, READS = "x-ms-ratelimit-remaining-resource", "x-ms-ratelimit-remaining-subscription-reads"


@pytest.mark.parametrize(
    ("headers", "levels"),
    [
        pytest.param({}, {}, id="none"),
        pytest.param({READS: "249"}, {"subscription-reads": 249.0}, id="reads"),
        pytest.param(
            {RESOURCE: "Microsoft.Compute/HighCostGetVMScaleSetSubscriptionMaximum;1079,Microsoft.Compute/Other;29"},
            {"HighCostGetVMScaleSetSubscriptionMaximum": 1079.0, "Other": 29.0},
            id="recorded",
        ),
        pytest.param({RESOURCE: "A;1, B;2"}, {"A": 1.0, "B": 2.0}, id="spaces"),
        pytest.param({READS: "-5", RESOURCE: "A;-5"}, {}, id="negative"),
        pytest.param({READS: "NaN", RESOURCE: "A;NaN,B;Infinity"}, {}, id="not-numbers"),
        pytest.param({READS: "1e9", RESOURCE: "A;1e9"}, {}, id="exponent"),
        pytest.param({READS: "9" * 5000, RESOURCE: "A;" + "9" * 5000}, {}, id="huge"),
        pytest.param({READS: "٣", RESOURCE: "A;٣"}, {}, id="other-digits"),
        pytest.param({RESOURCE: "A;;1;,;,A,=;\x00"}, {}, id="garbage"),
        pytest.param({RESOURCE: ",".join(f"B{n};1" for n in range(10**5))}, None, id="endless"),
    ],
)
def test_levels(headers: dict[str, str], levels: dict[str, float] | None) -> None:
    read = levels_in(headers)
    assert len(read) < 1000 if levels is None else read == levels
