"""The whole text of what is said about values that people mistype, forget or copy from another place."""

from __future__ import annotations

import pytest
from test_inputs import COMMUNITY, GALLERY, MANAGED, RESOURCE_ID, SHARED, SUBSCRIPTION, parsed, problems

from vmss_upgrade.rollout.image import ImageRequest

EMPTY = "(not given, or the variable is empty)"
WAYS = (
    "Write PUBLISHER:OFFER:SKU:VERSION, the id of an image or the https address of a VHD, as the output `target-image` "
    "gives it."
)
LATEST = "Did you mean `latest`? Other versions have numbers, such as 22.04.202611010."
VHD = "https://a.blob.core.windows.net/c/x.vhd?sig=SECRET"
NOTHING_ELSE = {"resource-group": "", "subscription-id": ""}


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param(
            "Canonical:jammy:server:1.0.0",
            ImageRequest(publisher="Canonical", offer="jammy", sku="server", version="1.0.0"),
            id="urn",
        ),
        pytest.param(
            '"Canonical:jammy:server:Latest"',
            ImageRequest(publisher="Canonical", offer="jammy", sku="server", version="latest"),
            id="urn-of-the-latest-in-quotes",
        ),
        pytest.param(MANAGED, ImageRequest(image_id=MANAGED), id="managed"),
        pytest.param(f"{GALLERY}/", ImageRequest(image_id=GALLERY), id="gallery"),
        pytest.param(f"{GALLERY}/versions/1.0.0", ImageRequest(image_id=f"{GALLERY}/versions/1.0.0"), id="version"),
        pytest.param(SHARED, ImageRequest(image_id=SHARED), id="shared"),
        pytest.param(f"{COMMUNITY}/Versions/1.0.0", ImageRequest(image_id=f"{COMMUNITY}/Versions/1.0.0"), id="public"),
        pytest.param(VHD, ImageRequest(image_uri=VHD), id="vhd"),
    ],
)
def test_one_input_takes_every_image(image: str, expected: ImageRequest) -> None:
    assert parsed({"image-version": "", "image": image}).order.image == expected
    assert parsed({"image-version": "", "image": image, "operation": "status"}).order.image == ImageRequest()


@pytest.mark.parametrize(
    ("given", "name", "text"),
    [
        pytest.param(
            {"image": "a:b:c:1.0.0", "image-version": "1.0.0"},
            "image",
            "names the whole image, but `image-version` is given as well. Leave `image-version` out, or leave `image` "
            "out.",
            id="beside-a-version",
        ),
        pytest.param(
            {"image": VHD, "image-sku": "s", "image-id": GALLERY},
            "image",
            "names the whole image, but `image-sku` and `image-id` are given as well. Leave `image-sku` and `image-id` "
            "out, or leave `image` out.",
            id="beside-two",
        ),
        pytest.param(
            {"image": VHD, "image-uri": VHD},
            "image",
            "names the whole image, but `image-uri` is given as well. Leave `image-uri` out, or leave `image` out.",
            id="beside-a-uri",
        ),
        *(
            pytest.param(
                {"image": given},
                "image",
                f"{given!r} names no image. Did you mean `image-version: {meant}`? {WAYS}",
                id=f"{given}-alone",
            )
            for given, meant in (("22.04.1", "22.04.1"), ("2", "2"), ("latest", "latest"), ("Lastest", "latest"))
        ),
        pytest.param({"image": "web"}, "image", f"'web' names no image. {WAYS}", id="a-name-alone"),
        pytest.param({"image": "a:b:1.0.0"}, "image", f"'a:b:1.0.0' names no image. {WAYS}", id="three-parts"),
        pytest.param({"image": "a:b c:d:1.0"}, "image", f"'a:b c:d:1.0' names no image. {WAYS}", id="part-of-a-urn"),
        pytest.param(
            {"image": "a::c:1.0.0"},
            "image",
            f"'a::c:1.0.0' names no image, a part of it is missing {EMPTY}. {WAYS}",
            id="an-empty-part",
        ),
        pytest.param(
            {"image": "a.blob/x.vhd?sig=SECRET"}, "image", f"'a.blob/x.vhd' names no image. {WAYS}", id="no-scheme"
        ),
        pytest.param(
            {"image": "https://u@a/x.vhd?sig=SECRET"},
            "image",
            "'a/x.vhd' is not the address of a VHD. Write https://ACCOUNT.blob.../NAME.vhd.",
            id="vhd-with-a-user",
        ),
        pytest.param(
            {"image": f"https://portal.azure.com/#resource{MANAGED}"},
            "image",
            f"'https://portal.azure.com/#resource{MANAGED}' is not the address of a VHD. That is a page: give the id "
            "of the image, which begins with /subscriptions/.",
            id="a-page-of-the-portal",
        ),
        *(
            pytest.param(
                {"image-uri": given},
                "image-uri",
                f"{given!r} is not the address of a VHD. {remedy}",
                id=f"{given}-as-an-address",
            )
            for given, remedy in (
                (GALLERY, "That is the id of an image: give it as `image`."),
                (SHARED, "That is the id of an image: give it as `image`."),
                ("a:b:c:1.0.0", "That is the URN of a platform image: give it as `image`."),
                ("1.0.0", "That is a version alone: give it as `image-version: 1.0.0`."),
                ("x.vhd", "Write https://ACCOUNT.blob.../NAME.vhd."),
            )
        ),
        *(
            pytest.param(
                {"image-id": given},
                "image-id",
                f"{given.partition('?')[0]!r} is not the id of an image: it must begin with /subscriptions/, "
                f"/SharedGalleries/ or /CommunityGalleries/. {remedy}",
                id=f"{given}-as-an-id",
            )
            for given, remedy in (
                (VHD, "That is the address of a VHD: give it as `image`."),
                ("a:b:c:1.0.0", "That is the URN of a platform image: give it as `image`."),
                ("latest", "That is a version alone: give it as `image-version: latest`."),
                (
                    "web",
                    "Copy it from `az image list`, `az sig image-version list` or the image's page in the portal.",
                ),
            )
        ),
        pytest.param(
            {"image-sku": GALLERY},
            "image-sku",
            f"'{GALLERY}' is not a valid name. That is the id of an image: give it as `image`, and no part of a "
            "platform image.",
            id="an-id-as-a-sku",
        ),
        pytest.param({"image": "a:b:c:lastest"}, "image", f"'lastest' is no version. {LATEST}", id="lastest-in-a-urn"),
        pytest.param({"image-version": "lastest"}, "image-version", f"'lastest' is no version. {LATEST}", id="lastest"),
        pytest.param({"image-version": "stable"}, "image-version", f"'stable' is no version. {LATEST}", id="a-word"),
        pytest.param(
            {"image": f"{SHARED}/versions/lastest"},
            "image",
            f"'{SHARED}/versions/lastest' is not the id of an image: it has 'lastest' after {SHARED}/versions where a "
            "version, X.Y.Z or latest belongs. Did you mean `latest`? Other versions have numbers, such as 1.2.3.",
            id="lastest-in-a-gallery",
        ),
        pytest.param(
            {"image-version": "a:b:1.0.0"},
            "image-version",
            "'a:b:1.0.0' is not a valid name. Give the URN that `az vm image list` prints, "
            "PUBLISHER:OFFER:SKU:VERSION, as `image`, or its parts as `image-publisher`, `image-offer`, `image-sku` "
            "and `image-version`.",
            id="a-urn-as-a-version",
        ),
        pytest.param(
            {"operation": "rollback", "image": "a:b:c:latest"},
            "image",
            "`latest` names no exact version to return to. Name the version that the instances ran before, or leave it "
            "out.",
            id="back-to-the-latest",
        ),
        pytest.param(
            {"operation": "upgrade-instances", "image": "a:b:c:1.0.0"},
            "image",
            "names an image, but `upgrade-instances` brings instances to the model as it stands. Leave it out, or use "
            "`operation: upgrade` to change the image.",
            id="where-no-image-belongs",
        ),
        pytest.param(
            {},
            "image",
            f"no image is asked for {EMPTY}. Give `image`, or any of `image-version`, `image-sku`, `image-offer` and "
            "`image-publisher`.",
            id="no-image",
        ),
        pytest.param(
            {"image": "'a:b:c:1.0.0"},
            "image",
            '"\'a:b:c:1.0.0" names no image. Write it without the quotes.',
            id="half",
        ),
    ],
)
def test_an_image_is_refused(given: dict[str, str], name: str, text: str) -> None:
    assert problems({"image-version": "", **given}) == {name: text}


@pytest.mark.parametrize(
    ("address", "group"),
    [
        pytest.param(f"https://portal.azure.com/#@contoso.com/resource{RESOURCE_ID}/overview", "rg", id="overview"),
        pytest.param(f"https://portal.azure.com/#@contoso.com/resource{RESOURCE_ID}", "rg", id="no-blade"),
        pytest.param(f"https://ms.portal.azure.com/?l=en#@t/resource{RESOURCE_ID}/scaling?a=b", "rg", id="microsoft"),
        pytest.param(f"https://preview.portal.azure.com/#resource{RESOURCE_ID}/instances/x/y", "rg", id="preview"),
        pytest.param(f"portal.azure.com/#@contoso.com/resource{RESOURCE_ID}/overview", "rg", id="no-scheme"),
        pytest.param(f"rc.portal.azure.com/#@contoso.com/resource{RESOURCE_ID}", "rg", id="candidate-without-a-scheme"),
        pytest.param(
            f"https://portal.azure.com/#@t/resource{RESOURCE_ID.replace('/', '%2F')}", "rg", id="encoded-slashes"
        ),
        pytest.param(
            f"https://portal.azure.com/#@t/resource{RESOURCE_ID.replace('/rg/', '/r%28g%29/')}",
            "r(g)",
            id="encoded-name",
        ),
        pytest.param(f"HTTPS://PORTAL.AZURE.COM/#@t/RESOURCE{RESOURCE_ID.upper()}/OVERVIEW", "RG", id="capitals"),
    ],
)
def test_the_address_of_a_page_in_the_portal_is_read(address: str, group: str) -> None:
    account = parsed({**NOTHING_ELSE, "scale-set": address}).account
    assert (account.subscription_id.lower(), account.resource_group) == (SUBSCRIPTION, group)
    assert account.scale_set.lower() == "web"


@pytest.mark.parametrize(
    ("given", "environment"),
    [
        pytest.param({"environment": "AzureUSGovernment"}, "portal.azure.us", id="us-government"),
        pytest.param({"environment": "azurechinacloud"}, "portal.azure.cn", id="china"),
        pytest.param({"resource-manager-endpoint": "https://a.test"}, "portal.local.azurestack.external", id="private"),
        pytest.param({"resource-manager-endpoint": "https://a.test"}, "PORTAL.local:8443", id="private-with-a-port"),
    ],
)
def test_the_portals_of_other_clouds_are_known(given: dict[str, str], environment: str) -> None:
    address = f"https://{environment}/#@t/resource{RESOURCE_ID}/overview"
    account = parsed({**NOTHING_ELSE, **given, "scale-set": address}).account
    assert (account.subscription_id, account.resource_group, account.scale_set) == (SUBSCRIPTION, "rg", "web")


NO_PAGE = "is an address, but not that of a scale set's page in the portal"
COPY = "Copy that of its Overview page, or the id from `az vmss show --query id`."
PORTALS = "https://portal.azure.com, https://portal.azure.us, https://portal.azure.cn"


@pytest.mark.parametrize(
    ("given", "name", "text"),
    [
        *(
            pytest.param({"scale-set": given}, "scale-set", f"{shown!r} {NO_PAGE}. {COPY}", id=id_)
            for id_, given, shown in (
                ("another-page", "https://portal.azure.com/#home", "https://portal.azure.com/#home"),
                (
                    "image",
                    f"https://portal.azure.com/#@t.com/resource{GALLERY}",
                    f"https://portal.azure.com/#@t.com/resource{GALLERY}",
                ),
                ("image-without-a-scheme", f"portal.azure.com/#blade{GALLERY}", f"portal.azure.com/#blade{GALLERY}"),
                ("no-fragment", f"https://a?b={RESOURCE_ID}", "https://a"),
                (
                    "two-lines",
                    f"https://portal.azure.com/#b{RESOURCE_ID}/%0A",
                    f"https://portal.azure.com/#b{RESOURCE_ID}/%0A",
                ),
                ("http", f"http://portal.azure.com/#b{RESOURCE_ID}", f"http://portal.azure.com/#b{RESOURCE_ID}"),
                ("user", "https://u:SECRET@portal.azure.com/#home", "portal.azure.com/#home"),
            )
        ),
        *(
            pytest.param(
                {"scale-set": f"{scheme}{host}/#b{RESOURCE_ID}"},
                "scale-set",
                f"'{scheme}{host}/#b{RESOURCE_ID}' {NO_PAGE}, and {host!r} is none of Azure's portals "
                f"({PORTALS}). {COPY}",
                id=f"{scheme}{host}",
            )
            for scheme, host in (
                ("https://", "example.com"),
                ("https://", "portal.azure.com.evil.example"),
                ("", "portal.local.azurestack.external"),
            )
        ),
        pytest.param(
            {"scale-set": f"https://cloud.test/#b{RESOURCE_ID}", "resource-manager-endpoint": "https://arm.test"},
            "scale-set",
            f"'https://cloud.test/#b{RESOURCE_ID}' {NO_PAGE}, and 'cloud.test' is none of Azure's portals ({PORTALS}). "
            f"{COPY}",
            id="no-portal-of-a-private-cloud",
        ),
        *(
            pytest.param(
                {"scale-set": f"https://{host}/#b{RESOURCE_ID}", "environment": given},
                "environment",
                f"{given!r} contradicts {host!r} in `scale-set`, the portal of {cloud}. Set `environment: {cloud}`, or "
                "correct `scale-set`.",
                id=f"{host}-in-{given}",
            )
            for host, given, cloud in (
                ("portal.azure.us", "AzureCloud", "AzureUSGovernment"),
                ("portal.azure.cn", "azurecloud", "AzureChinaCloud"),
                ("ms.portal.azure.com", "AzureUSGovernment", "AzureCloud"),
            )
        ),
        *(
            pytest.param(
                {"scale-set": f"{before}{RESOURCE_ID}/virtualMachines/3{after}"},
                "scale-set",
                f"'{RESOURCE_ID}/virtualMachines/3{after.partition('/overview')[0]}' is the instance '3', not its "
                f"scale set. Give `scale-set: {RESOURCE_ID}`; add `instance-ids: 3` to upgrade that instance alone.",
                id=f"an-instance-{before[:5]}{after}",
            )
            for before, after in (
                ("", ""),
                ("", "/"),
                ("https://portal.azure.com/#@t/resource", ""),
                ("portal.azure.com/#@t/resource", ""),
            )
        ),
        pytest.param(
            {"scale-set": f"{RESOURCE_ID}/extensions/x"},
            "scale-set",
            f"'{RESOURCE_ID}/extensions/x' is not the resource id of a scale set. Copy it from `az vmss show "
            "--query id`.",
            id="a-part-of-the-set",
        ),
        pytest.param(
            {"scale-set": f"https://portal.azure.com/#resource{RESOURCE_ID.replace('/rg/', '/r%20g/')}/overview"},
            "scale-set",
            f"'{RESOURCE_ID.replace('/rg/', '/r g/')}' is not the resource id of a scale set: 'r g' is not a valid "
            "resource group name. Copy it from `az vmss show --query id`.",
            id="no-group-in-the-portal",
        ),
        pytest.param(
            {"scale-set": RESOURCE_ID.replace(SUBSCRIPTION, "")},
            "scale-set",
            f"'{RESOURCE_ID.replace(SUBSCRIPTION, '')}' is not the resource id of a scale set: the subscription id is "
            f"missing {EMPTY}. Copy it from `az vmss show --query id`.",
            id="empty-subscription-in-an-id",
        ),
        pytest.param(
            {"scale-set": "", "resource-group": "rg", "subscription-id": SUBSCRIPTION},
            "scale-set",
            f"is missing {EMPTY}. Give the scale set's name, or its whole resource id.",
            id="no-scale-set",
        ),
        pytest.param(
            {"scale-set": "web", "subscription-id": SUBSCRIPTION},
            "resource-group",
            f"is missing {EMPTY}. Give it, or a whole resource id as `scale-set`.",
            id="no-group",
        ),
        pytest.param(
            {"scale-set": "web", "resource-group": "rg"},
            "subscription-id",
            f"is missing {EMPTY}. Give it, or a whole resource id as `scale-set`.",
            id="no-subscription",
        ),
    ],
)
def test_a_scale_set_is_refused(given: dict[str, str], name: str, text: str) -> None:
    assert problems({**NOTHING_ELSE, **given}) == {name: text}


@pytest.mark.parametrize(
    ("given", "name", "text"),
    [
        *(
            pytest.param({name: value}, name, f"'{value}' has no unit. {remedy}", id=f"{name}-{value}")
            for name in ("timeout", "batch-timeout", "health-timeout", "wait-for-replication")
            for value, remedy in (
                ("30", "Did you mean `30m`? Seconds are written `30s`."),
                ("360", "Did you mean `360m`? Seconds are written `360s`."),
                ("3600", "Did you mean `3600s`?"),
            )
        ),
        *(
            pytest.param(
                {name: value}, name, f"'{value}' is not a duration. Did you mean `{meant}`?", id=f"{name}-{value}"
            )
            for name in ("timeout", "bake-time")
            for value, meant in (
                ("30 m", "30m"),
                ("30min", "30m"),
                ("1d", "24h"),
                ("2 hours", "2h"),
                ("90 Seconds", "90s"),
                ("1 hour, 30 minutes", "90m"),
                ("1.5h", "90m"),
                ("1,5 h", "90m"),
                ("P1DT2H", "26h"),
            )
        ),
        *(
            pytest.param(
                {"timeout": value}, "timeout", f"'{value}' is not a duration. Write 90s, 5m, 1h30m or PT5M.", id=value
            )
            for value in ("3 weeks", "30 x", "1,000 m", "0 min", "m 5", "half an hour")
        ),
        pytest.param(
            {"batch-timeout": "2h", "timeout": "1h"},
            "batch-timeout",
            "2h is longer than `timeout` (1h). Make it shorter, or leave it out.",
            id="batch-longer-than-the-rollout",
        ),
        pytest.param(
            {"bake-time": "40m", "timeout": "30m"},
            "bake-time",
            "40m never ends within `timeout` (30m). Make bake-time shorter or timeout longer.",
            id="bake-longer-than-the-rollout",
        ),
        pytest.param(
            {"bake-time": "10m", "batch-timeout": "10m"},
            "bake-time",
            "10m never ends within `batch-timeout` (10m). Make bake-time shorter or batch-timeout longer.",
            id="bake-as-long-as-the-batch",
        ),
        pytest.param(
            {"bake-time": "1h"},
            "bake-time",
            "1h never ends within `batch-timeout` (1h). Make bake-time shorter or batch-timeout longer.",
            id="bake-as-long-as-the-usual-batch",
        ),
        pytest.param(
            {"timeout": "m"}, "timeout", f"'m' is not a duration {EMPTY}. Write 90s, 5m, 1h30m or PT5M.", id="no-number"
        ),
        pytest.param(
            {"bake-time": "s"},
            "bake-time",
            f"'s' is not a duration {EMPTY}. Write 90s, 5m, 1h30m, PT5M or plain seconds.",
            id="no-number-of-seconds",
        ),
        pytest.param(
            {"batch-size": "%"},
            "batch-size",
            f"'%' is neither a count of instances nor a percentage of the scale set {EMPTY}. Write a number from 1 on, "
            "or 1% to 100%.",
            id="no-percentage",
        ),
    ],
)
def test_a_number_is_refused(given: dict[str, str], name: str, text: str) -> None:
    assert problems(given) == {name: text}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, 3600.0, id="alone"),
        pytest.param({"timeout": "30m"}, 1800.0, id="shorter-than-an-hour"),
        pytest.param({"timeout": "2h"}, 3600.0, id="longer-than-an-hour"),
        pytest.param({"timeout": "30m", "batch-timeout": "10m"}, 600.0, id="given"),
        pytest.param({"batch-timeout": "6h"}, 21600.0, id="longer-than-the-usual-timeout"),
    ],
)
def test_a_batch_has_a_time_limit(given: dict[str, str], expected: float) -> None:
    assert parsed(given).order.policy.batch_timeout == expected


@pytest.mark.parametrize(
    ("name", "value", "lack"),
    [
        pytest.param(
            "batch-size",
            '"25%"',
            "'\"25%\"' is neither a count of instances nor a percentage of the scale set",
            id="share",
        ),
        pytest.param("strategy", "'zone'", "\"'zone'\" is not one of its values", id="choice"),
        pytest.param("timeout", '"30m"', "'\"30m\"' is not a duration", id="duration"),
        pytest.param("canary", "'1'", "\"'1'\" is not a count of instances", id="canary"),
        pytest.param("scale-set", '"web', "'\"web' is not a valid name", id="half-a-pair"),
        pytest.param("resource-group", "\u201crg\u201d", "'\u201crg\u201d' is not a valid name", id="typographic"),
        pytest.param("image-sku", "`s`", "'`s`' is not a valid name", id="backticks"),
        pytest.param(
            "update-domains", '"0,1"', "'\"0', '1\"' in the list cannot be the number of a domain", id="around-a-list"
        ),
        pytest.param(
            "fault-domains", "'0 1'", '"\'0", "1\'" in the list cannot be the number of a domain', id="single-around"
        ),
        pytest.param("zones", '1,"2', "'\"2' in the list cannot be the name of a zone", id="half-inside-a-list"),
        pytest.param(
            "instance-ids",
            "\u201c0\u201d, 1",
            "'\u201c0\u201d' in the list cannot be the id of an instance",
            id="typographic-inside-a-list",
        ),
        pytest.param(
            "instance-ids", '["`0`"]', "'`0`' in the list cannot be the id of an instance", id="inside-a-json-array"
        ),
    ],
)
def test_quotes_around_a_value_are_named(name: str, value: str, lack: str) -> None:
    assert problems({name: value}) == {name: f"{lack}. Write it without the quotes."}
