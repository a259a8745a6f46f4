"""The schema of the configuration file and the action judge every kind of value alike.

Where they do not: the schema takes the usual spelling alone (`ODD`), and sees neither how a number is written nor what
must exist (`UNSEEN`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from test_configuration_schema import accepts_action, accepts_schema

from vmss_upgrade.inputs.configuration.keys import FOR_DEFAULTS, FOR_ENTRIES
from vmss_upgrade.inputs.configuration.waves import KEYS

GUID = "11111111-1111-1111-1111-111111111111"
GROUP = f"/subscriptions/{GUID}/resourceGroups/g/providers/Microsoft.Compute"
NOTHING = "'   ' | ~ | '${{ vars.X }}' | { a: b } | 'https://a.invalid/x?sig=y'"  # is taken by no input

# inputs -> values in YAML that are good, and bad, each behind a bar
VALUES = {
    "subscription-id client-id": (
        f"{GUID} | 'AAAAAAAA-aaaa-1111-1111-11111111111a'",
        f"1 | true | a | {GUID}1 | '{{{GUID}}}' | [{GUID}]",
    ),
    "tenant-id": (f"{GUID} | contoso.onmicrosoft.com | a.b", "contoso | 'a b.c' | -a.b | a..b | https://a.b"),
    "resource-group": (
        f"web | a.b-(c)_d | größe | 22 | 1.5 | true | {'x' * 90}",
        f"a. | a/b | 'a b' | 'a@b' | {'x' * 91} | 'a\\b' | [a]",
    ),
    "scale-set": (
        f"web | web_1 | 7 | {GROUP}/virtualMachineScaleSets/web | {GROUP}/VirtualMachinescalesets/web/"
        f" | 'https://portal.azure.com/#@x/resource{GROUP}/virtualMachineScaleSets/web/overview'",
        f"a. | -a | 'a b' | a/b | {GROUP}/images/web | https://example.com/x | 'a:b'",
    ),
    "audience": ("api://AzureADTokenExchange | a b | 1", 'é | "a\\nb"'),
    "image": (
        "p:o:s:1.2.3 | p:o:s:latest | https://a.invalid/x.vhd | http://a.invalid"
        f" | {GROUP}/images/i | {GROUP}/galleries/g/images/i/versions/1.2.3 | /SharedGalleries/g/Images/i",
        "latest | 22.04 | p:o:s | p:o:s:x | 'p:o:s:' | p:o:s t:1 | ftp://a.invalid | https://u:p@a.invalid/x | true",
    ),
    "image-version": ("22.04 | 22.04.202611010 | 1 | latest | p:o:s:1", "new | true | a/b | 'a b'"),
    "image-sku image-offer image-publisher": ("22_04-lts | 22.04 | true | p:o:s:1", "a. | 'a b' | a/b | 'a:b' | é"),
    "image-id": (f"{GROUP}/images/i | /CommunityGalleries/g/Images/i", "i | 1 | https://a.invalid/x | p:o:s:1 | '/'"),
    "image-uri": (
        "https://a.invalid/x.vhd | HTTPS://a.invalid | 'https://a.invalid/x?a=b' | 'http://[::1]:80/x'",
        "a.invalid | ftp://a.invalid | https:// | 'https://a.invalid/#x' | 'https://a.invalid/a b' | https://u@a/x | 1",
    ),
    "before-batch-url after-batch-url": (
        "https://a.invalid | 'https://a.invalid:444/x?a=b'",
        "http://a.invalid | a.invalid | 'https://a.invalid/#x' | 'https://a.invalid https://b.invalid' | 1 | true",
    ),
    "probe-url": (
        "http://a.invalid | 'https://a.invalid http://b.invalid/x' | [https://a.invalid, https://b.invalid]",
        "a.invalid | [a] | [] | [1] | ftp://a.invalid | [https://a.invalid, 'b c'] | 'https://a.invalid,https://b.invalid'",
    ),
    "resource-manager-endpoint": (
        "https://a.invalid | https://a.invalid:444/",
        "http://a.invalid | a.invalid | https://a.invalid/x | 1",
    ),
    "authority-host": ("", "http://a.invalid | a.invalid | https://a.invalid/x | 1"),
    "environment": ("AzureCloud | AzureUSGovernment", "azure | 1"),
    "on-failure": ("stop | rollback", "halt | true"),
    "strategy": ("auto | zone", "zones | 1"),
    "protected-instances": ("skip | fail", "include"),
    "stopped-instances": ("skip | include", "fail"),
    "health": ("auto | ignore", "require"),
    "allow-downtime suspend-repairs": ("true | false | True | 'true' | 'false'", "yes | on | 1 | 0 | 'yes' | [true]"),
    "health-timeout batch-timeout timeout hook-timeout": (
        "5m | 1h30m | PT5M | pt1h | 90s | 05m | 1h1s",
        "0s | PT0S | 00h00m | 0 | 30 | '30' | h | 1.5h | 5 min | 1d | 5m5m | 1m1h | -5m | 1234567890s | true | [5m]",
    ),
    "drain-timeout": (
        "1s | 90m | 1h30m | 5400s | PT90M | 1h29m59s",
        "0m | 0 | 91m | 1h31m | 1h30m1s | 90m1s | 5401s | 2h",
    ),
    "wait-for-replication": ("0 | 0m | 30m | PT2H", "5 | 1d | -1 | half"),
    "bake-time": ("0 | 30 | '30' | 5m | PT5M", "-1 | 1.5 | 5 min | 1d | true | [5]"),
    "batch-size surge": (
        "1 | '3' | 3 | 1% | 100% | '50 %' | 007% | 999999999",
        "0 | 0% | 101% | 1.5 | -1 | '%' | 50%% | 1234567890 | true | [1]",
    ),
    "stop-after": ("0 | 3 | '3' | 0% | 100%", "101% | 1.5 | -1 | '%' | half | 1234567890"),
    "min-healthy": ("0 | 3 | '3' | 0% | 100%", "101% | 1.5 | -1 | '%' | half | 1234567890"),
    "canary": ("0 | 1 | '2'", "-1 | 1.5 | 10% | 1234567890 | one"),
    "probe-max-failures": ("1 | '2'", "0 | '0' | -1 | 1.5 | 10% | 1234567890"),
    "update-domains fault-domains": (
        "0 | '0' | '0,4' | '0 4' | '0, 4' | [0, 4] | [0, '4'] | '[\"1\"]' | '[1]' | '1,,2'",
        "-1 | [-1] | a | [a] | 1.5 | [1.5] | true | [true] | [] | '[]' | ['0 4'] | [[0]] | [~] | '1;2' | ','",
    ),
    "zones instance-ids": (
        "1 | '1,2' | [1, web_000001] | a-b | [1.5] | '[\"1\"]' | true",
        "-1 | [-1] | a. | [a.] | [] | '[]' | ['1 2'] | [''] | [[1]] | '1;2' | ','",
    ),
    "not-after": (
        "17:00 UTC | 7:05 Europe/Berlin | 17:00Z | 2030-01-01T17:00+01:00 | 2030-01-01T17:00Z | '2030-01-01 17:00Z'",
        "17:00 | 1700 | 25:00 UTC | 17:60 UTC | 5pm UTC | 5:00 pm UTC | 2030-01-01 | 2030-01-01T17:00 | noon | true",
    ),
    "report-path": ("a.json | out/a.json | a | 1", '/a | ../a | a/../b | a/ | .git/a | a/.git/b | "a\\nb"'),
    "report-html": ("a.html | out/a.html", '/a | ../a | a/../b | a/ | .git/a | "a\\nb"'),
    "drain-command": ('systemctl stop web | "a\\nb" | 1', ""),
}
WAVES = {
    "name": (f"canary | _a | 1a | {'x' * 64}", f"1 | '01' | a. | -a | 'a b' | é | {'x' * 65} | [a]"),
    "scale-sets": ("[web] | [WEB]", "web | [] | [web, web] | [''] | [~] | [[web]]"),
    "tag": (
        f"role=web | [a=b, c=] | ' a = b ' | a=b=c | 'a b=c d' | a= | {'x' * 512}=b | a={'x' * 256}",
        f"web | [] | =b | '  =b' | 'a<=b' | 'a%=b' | [a=b, 1] | 1 | \"a=b\\nc\" | {'x' * 513}=b | a={'x' * 257} | [~]",
    ),
    "max-parallel": ("1 | 256 | '3'", "0 | 257 | -1 | 1.5 | 10% | '0' | all"),
    "stop-after-failures": ("1 | 999999999 | '3'", "0 | -1 | 1.5 | 10% | 1234567890"),
    "environment": (f"production | 'a b' | é | {'x' * 255}", f'{"x" * 256} | "a\\nb" | [a]'),
    "bake-time": (
        "0 | 30 | '30' | 5m | 1h30m | 5h | 300m | 18000 | 18000s | 4h59m59s | 299m59s | 5h0m | PT5H | PT4H30M",
        "9h | 5h1s | 5h1m | 301m | 300m1s | 6h | 18001 | '18001' | 18001s | 99999h | PT6H | -1 | 1.5 | 5 min | 1d | h",
    ),
}
ODD = {
    "strategy": "Zone | ' zone '",
    "environment": "azurecloud",
    "allow-downtime": "'True' | 'FALSE'",
    "timeout": "'5m '",
    "batch-size": "'50 % '",
    "update-domains": "'\"1\"'",
}
ODD_IN_WAVES = {"bake-time": "4h60m", "environment": "1 | true", "name": "1.5 | true", "scale-sets": "[' web ']"}
UNSEEN = {
    "batch-size": "0x10 | 1_000 | +3 | 5e1",
    "update-domains": "0x1 | [1_0]",
    "not-after": "17:00 Mars | 2020-01-01T00:00Z",
    "bake-time": "1h30m",  # which never ends within the default of `batch-timeout`
    "image-uri": "https://a.invalid:99999",
    "image-id": "/a/b",
    "image-version": "1.",  # a number to YAML
    "authority-host": "https://a.invalid",  # without the endpoint of a private cloud
}


Values = list[tuple[str, bool, bool]]  # the text, and what the action and the schema say of it


def judged(values: str, action: bool, schema: bool) -> Values:
    return [(value, action, schema) for value in filter(None, values.split(" | "))]


def values_of(name: str) -> Values:
    """Return the values of an input."""
    good, bad = next(values for names, values in VALUES.items() if name in names.split())
    rest = (*judged(ODD.get(name, ""), True, False), *judged(UNSEEN.get(name, ""), False, True))
    return [*judged(good, True, True), *judged(f"{bad} | {NOTHING}", False, False), *rest]


def values_of_key(name: str) -> Values:
    """Return the values of a key of a wave."""
    good, bad = WAVES[name]
    rest = judged(ODD_IN_WAVES.get(name, ""), True, False)
    return [*judged(good, True, True), *judged(f"{bad} | '   ' | ~", False, False), *rest]


def single(name: str, value: str) -> str:
    return f"defaults:\n  {name}: {value}" if name in FOR_DEFAULTS else f"scale-sets:\n  web:\n    {name}: {value}"


def wave(name: str, value: str) -> str:
    keys = {"name": "w", "scale-sets": "[web]", name: value}
    written = "\n".join(f"    {key}: {text}" for key, text in keys.items())
    return f"scale-sets:\n  web:\nwaves:\n  -\n{written}"


@pytest.mark.parametrize(
    ("write", "name", "values"),
    [
        *(pytest.param(single, name, values_of(name), id=name) for name in FOR_ENTRIES),
        *(pytest.param(wave, name, values_of_key(name), id=f"wave-{name}") for name in KEYS),
    ],
)
def test_both_judge_a_value_alike(write: Callable[[str, str], str], name: str, values: Values, tmp_path: Path) -> None:
    texts = [write(name, value) for value, _, _ in values]
    found = [(accepts_action(tmp_path, text), accepts_schema(text)) for text in texts]
    assert [(value, *both) for (value, _, _), both in zip(values, found, strict=True)] == values


def test_the_tables_have_every_input_and_every_key_of_a_wave() -> None:
    assert sorted(name for names in VALUES for name in names.split()) == sorted(FOR_ENTRIES)
    assert {*WAVES} == {*KEYS}
