"""Addresses: read as they are sent, rebuilt from their parts, refused where two readers could disagree."""

from __future__ import annotations

import pytest

from vmss_upgrade.web.addresses import parse_address


@pytest.mark.parametrize(
    ("text", "origin", "rebuilt"),
    [
        pytest.param("https://arm.test", "https://arm.test", "https://arm.test/", id="no-path"),
        pytest.param("HTTPS://ARM.test:443/X?a=%2b", "https://arm.test", "https://arm.test/X?a=%2B", id="other-case"),
        pytest.param("https://arm.test:8443/x", "https://arm.test:8443", "https://arm.test:8443/x", id="port"),
        pytest.param("http://arm.test:80/x", "http://arm.test", "http://arm.test/x", id="http"),
        pytest.param("https://[::1]:8443/x", "https://[::1]:8443", "https://[::1]:8443/x", id="ipv6"),
        pytest.param(r"https://evil\@arm.test/x", "https://evil", "https://evil/%5C@arm.test/x", id="backslash"),
        pytest.param(r"https://evil\\@arm.test/", "https://evil", "https://evil/%5C%5C@arm.test/", id="backslashes"),
        pytest.param("https://arm.test%2eevil/x", "https://arm.test.evil", "https://arm.test.evil/x", id="dot-encoded"),
        pytest.param("https://arm.test#@evil/", "https://arm.test", "https://arm.test/", id="fragment"),
        pytest.param("https://arm.test?@evil/", "https://arm.test", "https://arm.test/?@evil/", id="query"),
        pytest.param("https://@arm.test/", "https://arm.test", "https://arm.test/", id="empty-user"),
        pytest.param("https://arm.test/a/../b", "https://arm.test", "https://arm.test/b", id="way-up"),
    ],
)
def test_an_address_is_read_as_it_is_sent(text: str, origin: str, rebuilt: str) -> None:
    address = parse_address(text)
    assert address is not None
    assert (address.origin, str(address)) == (origin, rebuilt)
    assert parse_address(rebuilt) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "arm.test",
        "/subscriptions/x",
        "//arm.test/x",
        "https:///x",
        r"https:\\arm.test/x",
        "ftp://arm.test/",
        "file:///etc/passwd",
        "https://user@arm.test/",
        "https://user:word@arm.test/",
        "https://arm.test%40evil/",
        "https://arm.test%2540evil/",
        "https://arm.test%23.evil/",
        "https://arm.test%00/",
        "https://[fe80::1%25eth0]/",
        "https://arm_*.test/",
        "https://arm.test:0/",
        "https://arm.test:99999/",
        "https://arm.test:x/",
        " https://arm.test/",
        "https://arm test/",
        "https://arm\ttest/",
        "https://arm.test\n/x",
        "https://[::1/",
        "https://" + "a" * 300 + ".test:x/",
    ],
)
def test_an_ambiguous_text_is_no_address(text: str) -> None:
    assert parse_address(text) is None
