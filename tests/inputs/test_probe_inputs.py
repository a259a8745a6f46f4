"""The inputs of probes: addresses, how many failures halt, and what is said of a wrong one."""

from __future__ import annotations

import pytest
from test_inputs import environ, problems

from vmss_upgrade.inputs import parse_inputs
from vmss_upgrade.rollout.zero_downtime.probes import Probes


def probes_of(url: str, failures: str = "") -> Probes | None:
    return parse_inputs(environ({"probe-url": url, "probe-max-failures": failures})).order.policy.probes


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        pytest.param("https://a.test/health", ("https://a.test/health",), id="one"),
        pytest.param("http://a.test:8080", ("http://a.test:8080",), id="http-and-a-port"),
        pytest.param("https://a.test/\n  https://b.test/\n", ("https://a.test/", "https://b.test/"), id="lines"),
        pytest.param("https://a.test/ https://b.test/", ("https://a.test/", "https://b.test/"), id="blanks"),
        pytest.param("https://a.test/ https://a.test/", ("https://a.test/",), id="twice"),
        pytest.param("https://a.test/?a=1,2&b=3", ("https://a.test/?a=1,2&b=3",), id="a-comma-in-a-query"),
        pytest.param("http://127.0.0.1:8080/", ("http://127.0.0.1:8080/",), id="the-runner-itself"),
        pytest.param("http://10.0.0.4/", ("http://10.0.0.4/",), id="a-private-address"),
        pytest.param("https://[2001:db8::1]/", ("https://[2001:db8::1]/",), id="ipv6"),
    ],
)
def test_addresses(url: str, addresses: tuple[str, ...]) -> None:
    assert probes_of(url) == Probes(addresses=addresses, max_failures=3)


def test_no_address_is_no_probe() -> None:
    assert probes_of("") is None
    assert probes_of("", "7") is None


def test_the_count_of_failures_is_read() -> None:
    assert probes_of("https://a.test/", "7") == Probes(addresses=("https://a.test/",), max_failures=7)


@pytest.mark.parametrize(
    ("url", "lack"),
    [
        pytest.param("a.test/health", "'a.test/health' is not an http or https address", id="no-scheme"),
        pytest.param("ftp://a.test/", "'ftp://a.test/' is not an http or https address", id="another-scheme"),
        pytest.param("https://me:pw@a.test/", "'a.test/' is not an http or https address", id="a-password"),
        pytest.param("https://a.test/x#y?sig=1", "'https://a.test/x#y' is not an http or", id="a-fragment"),
        pytest.param("https://a\\@b/", "is not an http or https address", id="ambiguous"),
        pytest.param("https://a.test/,https://b.test/ x", "'x' is not an http or https address", id="the-second"),
        pytest.param("http://169.254.169.254/metadata", "'http://169.254.169.254' is link-local", id="metadata"),
        pytest.param("http://[fe80::1]/", "'http://[fe80::1]' is link-local", id="ipv6"),
        pytest.param("http://[::ffff:169.254.169.254]/", "is link-local", id="mapped"),
        pytest.param("http://2852039166/", "'http://2852039166' is link-local", id="a-number"),
        pytest.param("http://0xa9fea9fe/", "is link-local", id="hexadecimal"),
        pytest.param("http://0251.0376.0251.0376/", "is link-local", id="octal"),
        pytest.param("http://169.16689662/", "is link-local", id="two-parts"),
        pytest.param("http://169.254.169.254./", "is link-local", id="with-a-dot"),
        pytest.param(" ".join(f"https://{n}.test/" for n in range(6)), "6 addresses are too many", id="too-many"),
    ],
)
def test_a_wrong_address(url: str, lack: str) -> None:
    found = problems({"probe-url": url})
    assert found.keys() == {"probe-url"}
    assert lack in found["probe-url"]
    assert "sig=" not in found["probe-url"]


@pytest.mark.parametrize("failures", ["0", "-1", "x", "1.5", "3s"])
def test_a_wrong_count(failures: str) -> None:
    assert problems({"probe-url": "https://a.test/", "probe-max-failures": failures}) == {
        "probe-max-failures": f"{failures!r} is not a count of failures. Write a number from 1 on."
    }
