"""Addresses that different readers take for different hosts. `{home}` is replaced by the host of the home."""

from hypothesis import strategies as st

EVIL = "evil.invalid"
HOME = "{home}"

_BACKSLASHES = (
    rf"https://{EVIL}\@{HOME}", rf"https://{EVIL}\\@{HOME}", rf"HTTPS://{EVIL}\@{HOME}", rf"https://{HOME}\@{EVIL}",
    rf"https:\\{EVIL}\@{HOME}", rf"https:/\{EVIL}", rf"https:\/{EVIL}", rf"/\{EVIL}", rf"\\{EVIL}", rf"\/\/{EVIL}",
    rf"https://{EVIL}\.{HOME}", rf"https://{EVIL}/\@{HOME}", rf"https://{EVIL}:443\@{HOME}:443",
    rf"https://{EVIL}%5C@{HOME}", rf"https://{EVIL}\#@{HOME}", rf"https://{EVIL}\?@{HOME}",
)  # fmt: skip
_USERS = (
    f"https://{HOME}@{EVIL}", f"https://{HOME}:443@{EVIL}", f"https://{HOME}%40{EVIL}", f"https://user:word@{HOME}",
    f"https://@{EVIL}", f"https://{HOME}%00@{EVIL}", f"https://a@{HOME}@{EVIL}", f"https://{EVIL}@@{HOME}", f"@{EVIL}",
    f":443@{EVIL}", f".{EVIL}", f"https://{HOME}%2F@{EVIL}", f"https://{HOME}&@{EVIL}", f"https://{HOME};@{EVIL}",
)  # fmt: skip
_BLANKS = (
    f" https://{EVIL}", f"https:// {EVIL}", f"https://{EVIL} @{HOME}", f"https://{EVIL}\t@{HOME}", f"ht\ttps://{EVIL}",
    f"https://{EVIL}\n@{HOME}", f"https://{HOME}\r\nHost: {EVIL}", f"\x00https://{EVIL}", f"https://{HOME}\x00.{EVIL}",
    f"https://{EVIL}\u00a0@{HOME}", f"\ufeffhttps://{EVIL}", f"https://{HOME} .{EVIL}", f"https://{EVIL}\u200b",
)  # fmt: skip
_DOTS = (
    f"https://{HOME}.{EVIL}", f"https://evil{HOME}", f"https://evil.{HOME}", f"https://{HOME}.", f"https://{EVIL}.",
    f"https://{HOME}%2e{EVIL}", f"https://{HOME}%252e{EVIL}", f"https://{HOME}..", f"https://.{HOME}",
    f"https://{HOME}-{EVIL}", f"https://{HOME}\u3002{EVIL}", f"https://{HOME}\uff0e{EVIL}", f"https://{EVIL}\uff61",
    "https://evil\u2024invalid",
)  # fmt: skip
_LETTERS = (
    "https://\uff45\uff56\uff49\uff4c.invalid", f"https://{HOME}\uff0f@{EVIL}", f"https://{EVIL}\uff20{HOME}",
    f"https://{EVIL}\uff03@{HOME}", f"https://{EVIL}\u2100.{HOME}", f"https://{HOME}\u2215.{EVIL}",
    "https://\u0435vil.invalid", f"https://{EVIL}\uff1f@{HOME}", f"https://{HOME}\uff1a443@{EVIL}",
    "https://xn--vil-tlc.invalid", f"https://{EVIL}\u00ad", f"https://\u24d4vil.invalid\\@{HOME}",
)  # fmt: skip
_PORTS = (
    f"https://{HOME}:0", f"https://{HOME}:80", f"https://{HOME}:65536", f"https://{HOME}:444", f"https://{HOME}:443443",
    f"https://{HOME}:-1", f"https://{HOME}:x", f"https://{HOME}:4\u0664\u0663", f"https://{EVIL}:",
    f"https://{EVIL}:443", f"https://{HOME}:443.{EVIL}", f"https://{HOME}:443:443", f"https://{HOME}:+443",
    f"https://{HOME}: 443",
)  # fmt: skip
_NUMBERS = (
    "https://[::1]", "https://[::ffff:10.0.0.1]", f"https://[{HOME}]", "https://[", "https://]",
    f"https://[::1%25{HOME}]", f"https://[::1]@{HOME}", f"https://[::1]\\@{HOME}", "https://127.0.0.1",
    "https://0x7f.1", "https://2130706433", "https://169.254.169.254", "http://169.254.169.254", f"https://[::1]{HOME}",
    "https://localhost",
)  # fmt: skip
_TAILS = (
    f"https://{EVIL}#@{HOME}", f"https://{EVIL}?@{HOME}", f"https://{EVIL}/?https://{HOME}", f"https://{EVIL};@{HOME}",
    f"https://{EVIL}/@{HOME}", f"https://{EVIL}#https://{HOME}", f"https://{EVIL}&@{HOME}", f"https://{EVIL}%23@{HOME}",
    f"https://{EVIL}%3F@{HOME}", f"https://{EVIL}%2F@{HOME}",
)  # fmt: skip
_RELATIVE = (
    f"//{EVIL}", f"///{EVIL}", f"////{EVIL}", f"https:{EVIL}", f"https:/{EVIL}", f"https:///{EVIL}", f"//{EVIL}@{HOME}",
    EVIL, "x", "", "?", "#", "..", f"https://{HOME}//{EVIL}", f"https:////{EVIL}", "https:", "https://", "//",
)  # fmt: skip
_SCHEMES = (
    f"http://{HOME}", f"HTTP://{HOME}", f"hTTp://{EVIL}", f"http://{HOME}:443", f"ftp://{HOME}", "file:///etc/passwd",
    "file:///github/home/.netrc", "javascript:x", "data:application/json,{}", f"gopher://{EVIL}", f"ws://{HOME}",
    f"https+http://{HOME}", "http+unix://%2Fvar%2Frun%2Fdocker.sock", f"blob:https://{HOME}",
    f"view-source:https://{HOME}",
)  # fmt: skip

TRICKS = (
    f"https://{EVIL}", *_BACKSLASHES, *_USERS, *_BLANKS, *_DOTS, *_LETTERS, *_PORTS, *_NUMBERS, *_TAILS, *_RELATIVE,
    *_SCHEMES,
)  # fmt: skip
# At home, but no place to follow: a write that is redirected, or a read of something else.
_SET = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/simulated-group/providers/Microsoft.Compute"
AT_HOME = tuple(
    f"https://{HOME}{path}"
    for path in (
        f"{_SET}/virtualMachineScaleSets/simulated-set/deallocate?api-version=2026-04-01",
        f"{_SET}/virtualMachineScaleSets/another-set/manualupgrade?api-version=2026-04-01",
        f"{_SET}/virtualMachineScaleSets/another-set?api-version=2026-04-01",
        "/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Compute/register?api-version=2021-04-01",
        f"{_SET}/virtualMachineScaleSets/simulated-set/%2e%2e/another-set/deallocate?api-version=2026-04-01",
        f"{_SET}/virtualMachineScaleSets/simulated-set/virtualMachines/0/runCommand?api-version=2026-04-01",
    )
)
_paths = st.sampled_from(("", "", "/", "/x", "/operations/1", "/operations/1?api-version=2026-04-01", "?a=b", "#c"))


@st.composite
def _addresses(draw: st.DrawFn) -> str:
    """Draw an address. This is a function, so that printed strategies do not list every trick."""
    address = draw(st.sampled_from(TRICKS)) + draw(_paths)
    return address.swapcase().replace(HOME.upper(), HOME) if draw(st.integers(0, 9)) == 0 else address


addresses = _addresses()
links = st.one_of(addresses, addresses, addresses, st.sampled_from(AT_HOME))
