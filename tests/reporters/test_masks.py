"""Which secrets a step hides, before anything is said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.job.runner import read_job
from vmss_upgrade.main import run
from vmss_upgrade.post import run as run_post

VHD = "https://a.blob.core.windows.net/c/x.vhd"
LONG = {name: f"made-here-{name}~x" for name in ("secret", "request", "runtime", "sig", "hook", "hook-sig")}
ENVIRON = {
    "GITHUB_ACTIONS": "true",
    "INPUT_CLIENT-SECRET": LONG["secret"],
    "INPUT_HOOK-SECRET": LONG["hook"],
    "INPUT_AFTER-BATCH-URL": f"https://hooks.test/x?sig={LONG['hook-sig']}",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": LONG["request"],
    "ACTIONS_RUNTIME_TOKEN": LONG["runtime"],
    "INPUT_IMAGE-URI": f"{VHD}?sv=1&sig={LONG['sig']}&se=2",
    "STATE_repairs": "suspended",
}


@pytest.mark.parametrize("name", ["image", "image-uri", "image-version"])
@pytest.mark.parametrize(
    ("address", "secrets"),
    [
        pytest.param(f"{VHD}?sv=2024-11-04&se=2030&sr=b&sig=AbC%2Bd%3D", ["AbC%2Bd%3D", "AbC+d="], id="encoded"),
        pytest.param(f"{VHD}?SIG=abcdefgh#x", ["abcdefgh"], id="another-case"),
        pytest.param(f"{VHD}?sig=abcdefgh&sig=ijklmnop", ["abcdefgh", "ijklmnop"], id="twice"),
        pytest.param(f"{VHD}?design=true", [], id="the-end-of-another-name"),
        pytest.param(f"{VHD}?x=y", [], id="no-signature"),
        pytest.param("", [], id="none"),
    ],
)
def test_only_the_signature_of_an_address_is_secret(name: str, address: str, secrets: list[str]) -> None:
    assert [secret for secret in read_job({f"INPUT_{name.upper()}": address}).secrets if secret] == secrets


@pytest.mark.parametrize("step", [run, run_post], ids=["main", "post"])
def test_both_steps_hide_the_same_before_they_say_anything(
    step: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Leave most inputs out: secrets are hidden whatever is wrong with the inputs."""
    step(ENVIRON, SystemClock())
    lines = capsys.readouterr().out.splitlines()
    masked = [line.partition("::add-mask::")[2] for line in lines if line.startswith("::add-mask::")]
    assert {*LONG.values()} <= {*masked}
    rest = "\n".join(line for line in lines if not line.startswith("::add-mask::"))
    assert not [secret for secret in LONG.values() if secret in rest]


@pytest.mark.parametrize("value", ["", "1", "true", "s3cret", "  x  "])
def test_a_word_is_no_mask(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"GITHUB_ACTIONS": "true", "INPUT_CLIENT-SECRET": value, "INPUT_IMAGE-URI": f"{VHD}?sv=1&sig={value}"}
    run(environ, SystemClock())
    assert "::add-mask::" not in capsys.readouterr().out
