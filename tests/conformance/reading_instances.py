"""Instances: in lists, page by page, as single resources, and in instance views."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from azure_api.scripted import answer
from contract import Interaction, Recording
from reading import Answers, Facts, Kind, Leaves, answered, path_of, secure
from reading_images import instance_image
from reading_wire import UNIFORM, hearing, reply_of
from vmss_upgrade.rollout.scale_set import Health, Instance, Power

_MACHINES = "/virtualmachines"
_POWERS = {"running": Power.RUNNING, "stopped": Power.STOPPED, "deallocated": Power.DEALLOCATED}
_HEALTHS = {"": Health.NO_SIGNAL, "healthy": Health.HEALTHY, "unhealthy": Health.UNHEALTHY}


# -- the reading -----------------------------------------------------------------------------------------------------


def _read(pages: Answers) -> Facts:
    """Read page by page. There is one more, empty page, which the action must not request."""
    line = hearing([*(reply_of(page, status=200) for page in pages), answer(200, {"value": []})])
    listed = line.client.read_instances(UNIFORM)
    facts: Facts = {
        "pages": listed.pages,
        "URLs of further pages": [unquote(sent.url) for sent in line.sent[1:]],
        "instances": sorted(instance.id.lower() for instance in listed.instances),
    }
    for each in listed.instances:
        facts |= {f"{fact} of {each.id.lower()}": value for fact, value in _facts_of(each).items()}
    return facts


def _facts_of(instance: Instance) -> Facts:
    problem = instance.problems[0] if instance.problems else None
    return {
        "image kind": instance.image and instance.image.kind,
        "image": str(instance.image or ""),
        "latest model applied": instance.latest_model_applied,
        "provisioning state": str(instance.provisioning),
        "power": instance.power,
        "health": instance.health,
        "update domain": instance.update_domain,
        "zone": instance.zone,
        "placement group": instance.placement_group,
        "generation": instance.generation,
        "changed individually": instance.changed_individually,
        "fault domain": instance.fault_domain,
        "protection": instance.protected,
        "problem": problem and problem.code,
        "message of the problem": problem and problem.message,
    }


# -- the text --------------------------------------------------------------------------------------------------------


def _written(pages: Answers) -> Facts:
    items = [Leaves(item) for page in pages for item in page.body["value"]]
    by_name = {_name(item).lower(): item for item in items}
    facts: Facts = {
        "pages": len(pages),
        # a port that is the scheme's default is not sent
        "URLs of further pages": [
            unquote(page.body["nextLink"]).replace(":443/", "/", 1) for page in pages if page.body.get("nextLink")
        ],
        "instances": sorted(by_name),
    }
    for name, item in by_name.items():
        facts |= {f"{fact} of {name}": value for fact, value in _written_of(item).items()}
    return facts


def _name(item: Leaves) -> str:
    """Return the last segment of the resource id, which is the instance id."""
    return item.text("id").rpartition("/")[2] or item.text("instanceId")


def _written_of(item: Leaves) -> Facts:
    facts: Facts = {
        "latest model applied": item.nearest("latestModelApplied"),
        "provisioning state": item.text("provisioningState"),
        "power": _power(item),
        "health": _HEALTHS.get(_last(item.text(r"vmHealth\.status\.code")), Health.UNKNOWN),
        "update domain": item.nearest("platformUpdateDomain"),
        "zone": item.text(r"zones\.0"),
        "placement group": item.text("placementGroupId"),
        "generation": item.text(r"instanceView\.hyperVGeneration"),
        "changed individually": item.text("modelDefinitionApplied") == "VirtualMachine",
        "fault domain": item.nearest("platformFaultDomain"),
        "protection": item.nearest("protectFromScaleSetActions", False),
    }
    return facts | instance_image(item) | _problem(item)


def _last(code: str) -> str:
    return code.rpartition("/")[2].lower()


def _power(item: Leaves) -> Power:
    codes = [str(code) for _, code in item.named(r"statuses\.\d+\.code")]
    state = next((_last(code) for code in codes if re.match("PowerState/", code, re.IGNORECASE)), "")
    return _POWERS.get(state, Power.OTHER) if state else Power.NOT_SHOWN


def _problem(item: Leaves) -> Facts:
    """Return the first failure among the statuses of the instance, then of its extensions; not of its disks
    or agent.
    """
    for path, code in item.named(r"(instanceView|extensions\.\d+)\.statuses\.\d+\.code"):
        failed = re.fullmatch(r"ProvisioningState/failed(?:/(.*))?", str(code), re.IGNORECASE)
        if failed:
            status = item.under(path.removesuffix(".code"))
            name = failed[1] or "ProvisioningFailed"
            return {
                "problem": code if name.lstrip("-").isdecimal() else name,
                "message of the problem": status.get("message") or status.get("displayStatus") or code,
            }
    if item.text("provisioningState").lower() == "failed":
        return {"problem": "ProvisioningFailed"}
    return {"problem": None, "message of the problem": None}


# -- the answers -----------------------------------------------------------------------------------------------------


def _lists(recording: Recording) -> Iterator[Answers]:
    """Yield each list with its further pages; one that is not in the recording counts as empty."""
    pages = list(answered(recording, "GET", _MACHINES, (200,)))
    while pages:
        chain = [_with_its_link(pages.pop(0))]
        while link := chain[-1].body.get("nextLink"):
            following = next((page for page in pages if _same(page.url, link)), None)
            if following:
                pages.remove(following)
            chain.append(_with_its_link(following or replace(chain[-1], url=link, body={"value": []})))
        yield tuple(chain)


def _with_its_link(page: Interaction) -> Interaction:
    link = page.body.get("nextLink")
    return replace(page, body=page.body | {"nextLink": secure(link)}) if link else page


def _same(url: str, link: str) -> bool:
    """Return True if two URLs request the same: recorders write them decoded, or without the port."""
    return unquote(url).replace(":443/", "/").lower() == unquote(link).replace(":443/", "/").lower()


def _alone(recording: Recording) -> Iterator[Answers]:
    for shown in answered(recording, "GET PUT PATCH", f"{_MACHINES}/[^/]+", (200, 201)):
        yield (shown,)


def _views(recording: Recording) -> Iterator[Answers]:
    for view in answered(recording, "GET", f"{_MACHINES}/[^/]+/instanceview", (200,)):
        yield (view,)


def _viewed(view: Interaction) -> Any:
    """Return an instance of which only the view is known."""
    name = path_of(view.url).removesuffix("/instanceview")
    return {"id": name, "instanceId": _last(name), "properties": {"instanceView": view.body}}


def _kind(name: str, cases: Callable[[Recording], Iterator[Answers]], item: Callable[[Interaction], Any]) -> Kind:
    """Return the instances that no list showed, each read as a list of one."""

    def page(answers: Answers) -> Answers:
        return tuple(replace(each, body={"value": [item(each)]}) for each in answers)

    return Kind(name, cases, lambda answers: _read(page(answers)), lambda answers: _written(page(answers)))


INSTANCE_LISTS = Kind("instance list", _lists, _read, _written)
INSTANCES = _kind("instance", _alone, lambda shown: shown.body)
INSTANCE_VIEWS = _kind("instance view", _views, _viewed)
