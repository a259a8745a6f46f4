"""The inputs of hooks: what is accepted, and the whole text of each refusal."""

from __future__ import annotations

import pytest

from vmss_upgrade.errors import InputError
from vmss_upgrade.inputs import parse_hooks
from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.zero_downtime.hooks import hooks_of
from vmss_upgrade.rollout.zero_downtime.hooks import Hooks

SECRET = "0123456789abcdef"
URL = "https://hooks.example.com/batch?sig=s3cr3t"
NO_ADDRESS = "is not an https address. Write it as https://HOST/PATH."
OWN = (
    "is a service of the runner's machine itself, which gives its tokens away. Give the address of a service of your "
    "own."
)
LOOPBACK = (
    "is the loopback of the action's own container. The action runs in a container, whose loopback is its own; and a "
    "hosted runner reaches no private addresses. Give an address that the runner can reach."
)


def environ(given: dict[str, str]) -> dict[str, str]:
    return {f"INPUT_{name.upper()}": value for name, value in given.items()} | {"GITHUB_ACTIONS": "true"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"hook-timeout": "1m"}, None, id="a-timeout-alone"),
        pytest.param(
            {"before-batch-url": URL, "hook-secret": SECRET}, Hooks(before=URL, secret=SECRET), id="before-alone"
        ),
        pytest.param(
            {"after-batch-url": "HTTPS://A.test", "hook-secret": f" {SECRET} ", "hook-timeout": "1h"},
            Hooks(after="https://a.test/", secret=SECRET, timeout=3600.0),
            id="after-alone",
        ),
        pytest.param(
            {"before-batch-url": "https://10.1.2.3:8443/x", "hook-secret": SECRET},
            Hooks(before="https://10.1.2.3:8443/x", secret=SECRET),
            id="a-private-address-of-a-self-hosted-runner",
        ),
    ],
)
def test_hooks_are_accepted(given: dict[str, str], expected: Hooks | None) -> None:
    assert parse_hooks(environ(given)) == expected


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        *(
            pytest.param("before-batch-url", value, f"before-batch-url: {shown!r} {lack}", id=value)
            for value, shown, lack in (
                ("http://a.test/x", "http://a.test/x", NO_ADDRESS),
                ("hooks", "hooks", NO_ADDRESS),
                ("https://169.254.169.254/metadata", "https://169.254.169.254/metadata", OWN),
                ("https://[::ffff:169.254.169.254]/", "https://[::ffff:169.254.169.254]/", OWN),
                ("https://[fe80::1]/", "https://[fe80::1]/", OWN),
                ("https://168.63.129.16/", "https://168.63.129.16/", OWN),
                ("https://2852039166/", "https://2852039166/", OWN),
                ("https://localhost:8443/x", "https://localhost:8443/x", LOOPBACK),
                ("https://hooks.localhost./", "https://hooks.localhost./", LOOPBACK),
                ("https://127.0.0.9/", "https://127.0.0.9/", LOOPBACK),
                ("https://[::1]/", "https://[::1]/", LOOPBACK),
                ("https://0.0.0.0/", "https://0.0.0.0/", LOOPBACK),
            )
        ),
        pytest.param(
            "hook-timeout", "0", "hook-timeout: 0 leaves no time at all. Write a duration such as 20m.", id="0"
        ),
        pytest.param(
            "hook-secret", "short", "hook-secret: is shorter than 16 characters. Use a longer, random one.", id="short"
        ),
        pytest.param(
            "hook-secret",
            "",
            "hook-secret: is missing (empty: is the variable set in this repository or environment?). Make one by "
            "openssl rand -hex 32, and give it to your service and to the workflow, as a secret.",
            id="no-secret",
        ),
        pytest.param(
            "hook-secret",
            "a\nbbbbbbbbbbbbbbbbbbb",
            "hook-secret: holds line breaks, control characters or letters other than those of ASCII. Copy it again, "
            "without the extra characters.",
            id="line-break",
        ),
    ],
)
def test_a_wrong_input_is_refused(name: str, value: str, problem: str) -> None:
    given = {"before-batch-url": URL, "after-batch-url": URL, "hook-secret": SECRET, name: value}
    with pytest.raises(InputError) as caught:
        parse_hooks(environ(given))
    assert [str(each) for each in caught.value.problems] == [problem]
    assert "s3cr3t" not in problem


@pytest.mark.parametrize(
    "value", ["https://user:pa55@a.test/?sig=s3cr3t", "https://a\\\\@b/?s3cr3t", "ftp://a/?s3cr3t"]
)
def test_a_refused_address_is_shown_without_secrets(value: str) -> None:
    form = Form(environ({"before-batch-url": value, "hook-secret": SECRET}))
    assert hooks_of(form) is None
    [problem] = form.problems
    assert "s3cr3t" not in problem.message
    assert "pa55" not in problem.message


def test_a_secret_without_an_address_is_of_no_use() -> None:
    form = Form(environ({"hook-secret": SECRET}))
    hooks_of(form)
    assert [problem.message for problem in form.problems] == ["is of no use without an address to call"]


def test_a_secret_for_all_scale_sets_of_a_fleet_may_be_of_no_use_for_one() -> None:
    form = Form(environ({"hook-secret": SECRET, "config": "fleet.yml"}))
    assert (hooks_of(form), form.problems) == (None, [])


def test_no_secret_is_in_a_traceback() -> None:
    shown = repr(Hooks(before=URL, after=URL, secret=SECRET))
    assert SECRET not in shown
    assert "s3cr3t" not in shown
