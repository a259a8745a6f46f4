"""Where our token goes, and what is asked there: no word of Azure's leads it elsewhere or to another resource."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.rest import HttpRequest
from scripted import MANAGER, OPERATION, SET, Script, accepted, answer, azure, polled
from urllib3.util import parse_url

from builders import NEW
from vmss_upgrade.azure_api.failures import LeadsElsewhere
from vmss_upgrade.azure_api.http_policies import OnlyResourceManager
from vmss_upgrade.azure_api.scale_set_client import API_VERSION, ScaleSetClient
from vmss_upgrade.azure_api.translation.model import to_model
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState

pytestmark = pytest.mark.slow

UNIFORM = to_model({})
FLEXIBLE = {"orchestrationMode": "Flexible"}
VERSION = "?api-version=1"
PATH = f"/subscriptions/sub/x{VERSION}"

# what stands in an answer -> another host than the known one
ELSEWHERE = {
    "host": "https://evil.test/x",
    "backslash": "https://evil.test\\@manager.test/x",
    "two-backslashes": "https://evil.test\\\\@manager.test/x",
    "backslash-and-case": "HTTPS://evil.test\\@manager.test/x",
    "backslash-before-the-path": "https://evil.test\\x@manager.test/x",
    "user": "https://manager.test@evil.test/x",
    "user-at-home": "https://evil.test@manager.test/x",
    "user-and-password": "https://manager.test:443@evil.test/x",
    "fragment": "https://evil.test#@manager.test/x",
    "query": "https://evil.test?@manager.test/x",
    "plain": "http://manager.test/x",
    "port": "https://manager.test:444/x",
    "port-0": "https://manager.test:0/x",
    "port-that-is-none": "https://manager.test:44x/x",
    "longer": "https://manager.test.evil.test/x",
    "prefixed": "https://notmanager.test/x",
    "below": "https://west.manager.test/x",
    "above": "https://test/x",
    "dot-at-the-end": "https://manager.test./x",
    "tab": "https://manager.test\t.evil.test/x",
    "line-break": "https://evil.test\n@manager.test/x",
    "brackets": "https://[/x",
    "no-host": "https:///manager.test/x",
    "one-slash": "https:/manager.test/x",
    "no-scheme": "//evil.test/x",
    "other-scheme": "ftp://manager.test/x",
    "relative": "/x",
    "words": "see the portal",
    "template": "https://{endpoint}.evil.test/x",
    "too-long": "https://manager.test/" + "x" * 20_000,
}


@pytest.mark.parametrize("link", ELSEWHERE.values(), ids=ELSEWHERE)
def test_no_link_leads_our_token_elsewhere(link: str) -> None:
    client, script = azure(answer(200, {"value": [{"instanceId": "3"}], "nextLink": link}))
    with pytest.raises(AzureError):
        client.read_instances(UNIFORM)
    assert [sent.path for sent in script.sent] == [f"{SET}/virtualMachines"]


WRITES: dict[str, Callable[[ScaleSetClient], Any]] = {
    "upgrade": lambda client: client.upgrade(["1"]),
    "image": lambda client: client.set_image(NEW, ""),
    "repairs": lambda client: client.set_repairs(suspended=True),
}


@pytest.mark.parametrize("link", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("header", ["azure_asyncoperation", "location"])
@pytest.mark.parametrize(
    "write",
    [pytest.param(write, marks=[] if name == "upgrade" else pytest.mark.nightly) for name, write in WRITES.items()],
    ids=WRITES,
)
def test_no_operation_leads_our_token_elsewhere(write: Callable[[ScaleSetClient], Any], header: str, link: str) -> None:
    client, script = azure(answer(200, {"id": SET}, **{header: link}))
    operation = write(client)
    with pytest.raises(AzureError) as refused:
        operation.step()
    assert refused.value.trouble is Trouble.REJECTED
    assert len(script.sent) == 1


@pytest.mark.parametrize("link", ELSEWHERE.values(), ids=ELSEWHERE)
def test_no_later_poll_leads_our_token_elsewhere(link: str) -> None:
    client, script = azure(answer(202, location=OPERATION), answer(202, location=link))
    operation = client.upgrade(["1"])
    assert operation.step() is OperationState.RUNNING
    with pytest.raises(AzureError):
        operation.step()
    assert [sent.url for sent in script.sent[1:]] == [OPERATION]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target", [f"{MANAGER}{SET}/deallocate", "https://evil.test/x", "/relative", "https://evil.test\\@manager.test/x"]
)
@pytest.mark.parametrize(
    "ask",
    [lambda client: client.read_model(), *WRITES.values(), lambda client: client.read_instances(UNIFORM)],
    ids=["model", *WRITES, "list"],
)
def test_no_redirect_is_followed(ask: Callable[[ScaleSetClient], Any], target: str, status: int) -> None:
    client, script = azure(answer(status, location=target))
    with pytest.raises(AzureError, match=f"redirect.*{status}") as refused:
        ask(client)
    assert refused.value.trouble is Trouble.REJECTED
    assert len(script.sent) == 1


@pytest.mark.parametrize("status", [302, 307, 308])
def test_no_redirect_of_a_poll_is_followed(status: int) -> None:
    client, script = azure(accepted(), answer(status, location=f"{MANAGER}{SET}/deallocate"))
    operation = client.upgrade(["1"])
    with pytest.raises(AzureError):
        operation.step()
    assert [sent.method for sent in script.sent] == ["POST", "GET"]


# a link that stays at home -> what is sent
AT_HOME = {
    "as-given": (f"{MANAGER}{SET}/virtualMachines?$skiptoken=a%3D&api-version=1", None),
    "case": (f"HTTPS://Manager.TEST{PATH}", f"{MANAGER}{PATH}"),
    "own-port": (f"https://manager.test:443{PATH}", f"{MANAGER}{PATH}"),
    "empty-user": (f"https://@manager.test{PATH}", f"{MANAGER}{PATH}"),
    "escaped-host": (f"https://manager%2etest{PATH}", f"{MANAGER}{PATH}"),
    "dots": (f"{MANAGER}/a/../subscriptions/sub/x?api-version=1", f"{MANAGER}{PATH}"),
    "backslash-in-the-path": (f"{MANAGER}/a\\b?api-version=1", f"{MANAGER}/a%5Cb?api-version=1"),
    "template": (f"{MANAGER}/{{endpoint}}/a?api-version=1", f"{MANAGER}/%7Bendpoint%7D/a?api-version=1"),
    "wide-template": (f"{MANAGER}/{{endpoint:>300000000}}{VERSION}", f"{MANAGER}/%7Bendpoint:%3E300000000%7D{VERSION}"),
    "attribute-of-a-template": (f"{MANAGER}/{{endpoint.x}}{VERSION}", f"{MANAGER}/%7Bendpoint.x%7D{VERSION}"),
    "number-of-a-template": (f"{MANAGER}/{{0}}?api-version=1", f"{MANAGER}/%7B0%7D?api-version=1"),
    "fragment": (f"{MANAGER}{PATH}#api", f"{MANAGER}{PATH}"),
    "no-path": (f"{MANAGER}?api-version=1", f"{MANAGER}/?api-version=1"),
    "empty-segments": (f"{MANAGER}//evil.test//x?api-version=1", f"{MANAGER}//evil.test//x?api-version=1"),
    "path-of-another-kind": (f"{MANAGER}{SET}/deallocate?api-version=1", None),
}  # fmt: skip


@pytest.mark.parametrize(("link", "url"), AT_HOME.values(), ids=AT_HOME)
def test_a_link_at_home_is_a_get_of_what_it_says(link: str, url: str | None) -> None:
    client, script = azure(answer(200, {"value": [], "nextLink": link}), answer(200, {"value": []}))
    client.read_instances(UNIFORM)
    assert [(sent.method, sent.url) for sent in script.sent[1:]] == [("GET", url or link)]


@pytest.mark.parametrize(("link", "url"), AT_HOME.values(), ids=AT_HOME)
def test_an_operation_at_home_is_polled_by_get(link: str, url: str | None) -> None:
    client, script = azure(answer(202, azure_asyncoperation=link), polled("Succeeded"))
    client.upgrade(["1"]).step()
    assert [(sent.method, sent.url, sent.body) for sent in script.sent[1:]] == [("GET", url or link, None)]


@pytest.mark.parametrize(
    ("manager", "link", "followed"),
    [
        pytest.param("", f"https://westeurope.management.azure.com{PATH}", True, id="a-region-of-microsofts"),
        pytest.param("", f"https://a.b.management.azure.com{PATH}", False, id="below-a-region"),
        pytest.param(MANAGER, f"https://westeurope.manager.test{PATH}", False, id="a-region-of-a-private-cloud"),
    ],
)
def test_a_region_is_known_of_microsofts_clouds_alone(manager: str, link: str, followed: bool) -> None:
    pages = answer(200, {"value": [], "nextLink": link}), answer(200, {"value": []})
    client, script = azure(*pages, manager=manager)
    with contextlib.suppress(AzureError):
        client.read_instances(UNIFORM)
    assert [sent.url for sent in script.sent[1:]] == ([link] if followed else [])


AZURE = "https://management.azure.com"


@pytest.mark.parametrize(
    ("home", "regional", "url", "allowed"),
    [
        pytest.param(AZURE, True, f"{AZURE}/x", True, id="the-host"),
        pytest.param(AZURE, True, "https://westeurope.management.azure.com/x", True, id="a-region"),
        pytest.param(AZURE, True, "https://brazil-us2.management.azure.com/x", True, id="a-region-with-a-hyphen"),
        pytest.param(AZURE, True, "https://WestEurope.Management.Azure.com/x", True, id="case"),
        pytest.param(AZURE, True, "https://a.b.management.azure.com/x", False, id="two-labels"),
        pytest.param(AZURE, True, "https://.management.azure.com/x", False, id="an-empty-label"),
        pytest.param(AZURE, True, "https://west_europe.management.azure.com/x", False, id="no-label"),
        pytest.param(AZURE, True, "https://w%65st.management.azure.com/x", True, id="an-escaped-label"),
        pytest.param(AZURE, True, "https://westeurope.management.azure.com:444/x", False, id="a-port"),
        pytest.param(AZURE, True, "http://westeurope.management.azure.com/x", False, id="plain"),
        pytest.param(AZURE, True, "https://evil\\@westeurope.management.azure.com/x", False, id="backslash"),
        pytest.param(AZURE, True, "https://management.azure.com.evil/x", False, id="longer"),
        pytest.param(AZURE, True, "https://westeuropemanagement.azure.com/x", False, id="no-dot"),
        pytest.param(AZURE, False, "https://westeurope.management.azure.com/x", False, id="no-region"),
        pytest.param("https://arm.local:8443/", False, "https://arm.local:8443/x", True, id="a-port-of-its-own"),
        pytest.param("https://arm.local:8443/", False, "https://arm.local/x", False, id="without-the-port"),
        pytest.param("https://[::1]:8443", False, "https://[::1]:8443/x", True, id="ipv6"),
        pytest.param("https://[::1]:8443", False, "https://[::2]:8443/x", False, id="another-ipv6"),
        pytest.param("https://manager test", False, "https://manager.test/x", False, id="a-home-that-cannot-be-read"),
    ],
)  # fmt: skip
def test_the_known_host(home: str, regional: bool, url: str, allowed: bool) -> None:
    request: PipelineRequest[Any] = PipelineRequest(HttpRequest("GET", url), PipelineContext(None))
    guard = OnlyResourceManager(home, regional=regional)
    if allowed:
        guard.on_request(request)
    else:
        with pytest.raises(LeadsElsewhere):
            guard.on_request(request)


# -- names of Azure's that become a part of what we ask ----------------------------------------------------------------

NAMES = (
    "..",
    ".",
    "",
    "%2e%2e",
    "%2E.",
    "a/b",
    "a?b",
    "a#b",
    "a%2fb",
    "a\\b",
    "a;b",
    "{endpoint}",
    "a'b",
    "ä b",
    "a\r\nb",
)
MACHINES = SET.rpartition("/virtualMachineScaleSets")[0] + "/virtualMachines"


def requested(script: Script) -> list[str]:
    """Return the requested paths as a server reads them: dots taken out, then split, then decoded."""
    return [unquote("|".join(str(parse_url(sent.url).path).split("/"))) for sent in script.sent]


def expected(path: str, name: str, rest: str) -> str:
    return "|".join((*path.split("/"), name, *rest.split("/")))


@pytest.mark.parametrize("name", [name for name in NAMES if name])
def test_the_name_of_a_machine_leads_to_no_other_resource(name: str) -> None:
    client, script = azure(answer(200, {"value": [{"name": name}]}), answer(200, {}))
    listed = client.read_instances(to_model({"id": SET, "properties": FLEXIBLE}))
    if name in (".", ".."):
        assert len(script.sent) == 1, "what nobody can ask for is not asked for"
        assert [machine.id for machine in listed.instances] == [name]
    else:
        assert requested(script)[1] == expected(MACHINES, name, "instanceView")


@pytest.mark.parametrize(
    ("model_id", "asked"),
    [
        pytest.param(SET, SET, id="its-own"),
        pytest.param(SET.upper(), SET.upper(), id="in-azures-case"),
        pytest.param(f"{SET}' or name ne '", SET, id="quoted"),
        pytest.param(SET.replace("/web", "/other"), SET, id="another-set"),
        pytest.param("", SET, id="none"),
    ],
)
def test_the_filter_names_the_set_that_was_asked_for(model_id: str, asked: str) -> None:
    client, script = azure(answer(200, {"value": []}))
    client.read_instances(to_model({"id": model_id, "properties": FLEXIBLE}))
    assert script.sent[0].query["$filter"] == [f"'virtualMachineScaleSet/id' eq '{asked}'"]


GALLERY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/{}/images/{}/versions/{}"
SHARED = "/sharedGalleries/{}/images/{}/versions/{}"
COMMUNITY = "/communityGalleries/{}/images/{}/versions/{}"


PLATFORM = (
    "|subscriptions|sub|providers|Microsoft.Compute|locations|{location}|publishers|{publisher}|artifacttypes|vmimage"
    "|offers|{offer}|skus|{sku}|versions|{version}"
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("field", ["publisher", "offer", "sku", "version", "location"])
def test_the_name_of_a_platform_image_leads_to_no_other_resource(field: str, name: str) -> None:
    parts = {"publisher": "p", "offer": "o", "sku": "s", "version": "1.0.0", "location": "we", field: name}
    asked = PLATFORM.format(**parts)
    location = parts.pop("location")
    image = Image(kind=ImageKind.PLATFORM, **parts)
    client, script = azure(answer(200, {}))
    facts = client.look_up(image, location)
    if name not in ("", ".", ".."):
        assert requested(script) == [asked]
    else:
        assert (facts, script.sent) == (ImageFacts(state=ImageState.UNKNOWABLE), [])
        assert field == "version" or client.list_versions(image, location) == ()


@pytest.mark.parametrize("name", [name for name in NAMES if "/" not in name])
@pytest.mark.parametrize("place", [0, 1, 2], ids=["gallery", "image", "version"])
@pytest.mark.parametrize(
    ("kind", "pattern"),
    [(ImageKind.RESOURCE, GALLERY), (ImageKind.SHARED_GALLERY, SHARED), (ImageKind.COMMUNITY_GALLERY, COMMUNITY)],
    ids=["gallery", "shared", "community"],
)  # fmt: skip
def test_the_name_of_a_gallery_image_leads_to_no_other_resource(
    kind: ImageKind, pattern: str, place: int, name: str
) -> None:
    names = ["g", "i", "1.0.0"]
    names[place] = name
    reference = pattern.format(*names)
    client, script = azure(answer(200, {}), answer(200, {}))
    facts = client.look_up(Image(kind=kind, reference=reference), "we")
    if name in ("", ".", ".."):
        assert (facts, script.sent) == (ImageFacts(state=ImageState.UNKNOWABLE), [])
    else:
        asked = requested(script)[0]
        assert asked.endswith("|".join(reference.split("/")))


@pytest.mark.parametrize(
    "reference",
    [
        "/subscriptions/s/../../x",
        "/subscriptions/s/resourceGroups/./providers/Microsoft.Compute/images/x",
        "/subscriptions//resourceGroups/g/providers/Microsoft.Compute/images/x",
        "//evil.test/subscriptions/s",
        "https://evil.test/subscriptions/s",
        "subscriptions/s/resourceGroups/g",
    ],
)
def test_an_image_id_that_is_no_path_is_not_asked_for(reference: str) -> None:
    client, script = azure()
    image = Image(kind=ImageKind.RESOURCE, reference=reference)
    assert client.look_up(image, "we") == ImageFacts(state=ImageState.UNKNOWABLE)
    assert script.sent == []


def test_an_image_id_with_an_option_of_its_own_keeps_it_to_itself() -> None:
    reference = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/x?api-version=1#"
    client, script = azure(answer(200, {}))
    client.look_up(Image(kind=ImageKind.RESOURCE, reference=reference), "we")
    assert (
        script.sent[0].url
        == f"{MANAGER}{reference.replace('?', '%3F').replace('=', '%3D').replace('#', '%23')}?api-version={API_VERSION}"
    )


@pytest.mark.parametrize("ids", [["*"], ["1", "*"]], ids=["alone", "among-others"])
def test_a_name_that_means_all_instances_is_never_asked_for(ids: list[str]) -> None:
    client, script = azure()
    with pytest.raises(AzureError, match="means all instances") as refused:
        client.upgrade(ids)
    assert refused.value.trouble is Trouble.REJECTED
    assert script.sent == []
