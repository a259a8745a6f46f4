"""a. Inputs, and the environment of the sign-in: valid, almost right, hostile, and under unknown names."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.vocabulary import CHOICES, INPUTS
from sweeps.bad_input.hostile_text import texts

_ALMOST = st.sampled_from(
    (
        "upgrades", "Plan", "1", "3", "101%", "0", "50 %", "PT5M", "1h30", "-5m", "0,1", "[0]", "0;1", "auto ", "yes",
        "22.04", "https://evil.invalid", "http://evil.invalid", "https://u:p@evil.invalid/", "https://azure.invalid:0",
        "https://azure.invalid/?a=b", "azurestack", "record.json", "a/b/c", "../x", "/etc/x", "a" * 300, "./.", "x\x00",
        "/subscriptions/00000000-0000-4000-8000-00000000005b/resourceGroups/g/providers/Microsoft.Compute"
        "/virtualMachineScaleSets/w",
        "/SharedGalleries/g/Images/i", "https://a.blob.core.windows.net/c/x.vhd?sig=abc",
    )
)  # fmt: skip
# Values that a workflow may well have, so that hostile text appears beside valid inputs.
_TAKEN = {
    "operation": tuple(sorted(CHOICES["operation"])),
    "on-failure": ("rollback", "stop"),
    "strategy": ("batch", "zone", "fault-domain", "update-domain"),
    "batch-size": ("1", "50%"),
    "canary": ("1", "2"),
    "update-domains": ("0", "1,0"),
    "instance-ids": ("0,3", '["0", "4"]', "7"),
    "stop-after": ("1", "50%"),
    "min-healthy": ("0", "100%", "3"),
    "protected-instances": ("fail", "skip"),
    "stopped-instances": ("include",),
    "health": ("ignore", "required"),
    "bake-time": ("5s",),
    "wait-for-replication": ("1m",),
    "allow-downtime": ("true",),
    "report-path": ("out/record.json", ""),
}
_NAMES = st.sampled_from(sorted(INPUTS))
_UNKNOWN = st.one_of(
    st.sampled_from(("batchsize", "image_version", "operations", "dry-run", "scale set", "entrypoint", "args", "")),
    texts,
)
_ENVIRON = st.sampled_from(
    (
        "AZURE_AUTHORITY_HOST", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "RUNNER_ENVIRONMENT",
        "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "RUNNER_DEBUG",
    )
)  # fmt: skip


@st.composite
def _taken(draw: st.DrawFn) -> dict[str, str]:
    names = draw(st.lists(st.sampled_from(sorted(_TAKEN)), min_size=1, max_size=3, unique=True))
    return {name: draw(st.sampled_from(_TAKEN[name])) for name in names}


_hostile = st.dictionaries(
    st.one_of(_NAMES, _NAMES, _NAMES, _UNKNOWN), st.one_of(texts, _ALMOST), min_size=1, max_size=4
)
inputs = st.one_of(_hostile, _taken(), st.builds(lambda a, b: {**a, **b}, _taken(), _hostile))
environs = st.one_of(
    st.just({}),
    st.just({"RUNNER_DEBUG": "1"}),
    st.dictionaries(_ENVIRON, st.one_of(texts, _ALMOST), max_size=2),
)
