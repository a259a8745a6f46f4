"""Faults in good traffic, each of which must be found: the proof that the validation can fail."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from schema_traffic import Exchange

GONE = object()
BOTH = "openapi bicep"


@dataclass(frozen=True, slots=True)
class BadBody:
    """One place in a JSON body changed to `value`: the rule that this breaks, and the descriptions that notice it.

    `of` names the exchange: operation and status. In `path` a number is a place in a list. The problem is at that
    place, unless `below` says how much deeper.
    """

    of: str
    path: str
    value: Any
    rule: str
    by: str = "openapi"
    below: str = ""

    @property
    def found(self) -> set[tuple[str, str, str]]:
        """The expected findings: by, rule and where."""
        parts = ["[]" if part.isdigit() else f".{part}" for part in self.path.split(".")]
        where = "".join(parts).removeprefix(".").removeprefix("value[].") + self.below
        return {(by, self.rule, where) for by in self.by.split()}

    def __str__(self) -> str:
        return f"{self.of} {self.path} = {'gone' if self.value is GONE else self.value!r}"


@dataclass(frozen=True, slots=True)
class BadExchange:
    """An exchange with changes outside the body: any of its fields, and the rules that this breaks, as (by, rule).

    If the field `url` is a pair, the first text in it becomes the second. None removes a header.
    """

    of: str
    change: dict[str, Any]
    broken: set[tuple[str, str]]

    def __str__(self) -> str:
        return f"{self.of} {self.change}"


_SET = "VirtualMachineScaleSets_Get 200"
_PATCH = "VirtualMachineScaleSets_Update 200"
_UPGRADE = "VirtualMachineScaleSets_UpdateInstances 202"
_LIST = "VirtualMachineScaleSetVMs_List 200"
_ONE = "VirtualMachineScaleSetVMs_Get 200"
_VIEW = "VirtualMachineScaleSetVMs_GetInstanceView 200"
_POLL = "Poll 200"
_MISSING = "VirtualMachineScaleSetVMs_GetInstanceView 404"
_PROFILE = "properties.virtualMachineProfile"

BAD_ANSWERS = (
    BadBody(_SET, "location", GONE, "required", BOTH),
    BadBody(_SET, "name", GONE, "required", "bicep"),
    BadBody(_SET, "type", "Microsoft.Compute/virtualMachines", "enum", "bicep"),
    BadBody(_SET, "etag", 2, "type", BOTH),
    BadBody(_SET, "tags", None, "type", BOTH),
    BadBody(_SET, "tags.count", 3, "type", BOTH),
    BadBody(_SET, "sku.capacity", "4", "type", BOTH),
    BadBody(_SET, "sku.capacity", 4.0, "type", BOTH),
    BadBody(_SET, "sku.capacity", True, "type", BOTH),
    BadBody(_SET, "sku.size", "D2", "unknown", BOTH),
    BadBody(_SET, "properties.provisioningState", 1, "type", BOTH),
    BadBody(_SET, "properties.timeCreated", "yesterday", "format"),
    BadBody(_SET, "properties.timeCreated", "2026-02-30T08:00:00.0000000+00:00", "format"),
    BadBody(_SET, "properties.timeCreated", "2026-02-03T08:00:00.0000000", "format"),
    BadBody(_SET, "properties.upgradePolicy.mode", "manual", "enum", BOTH),
    BadBody(_SET, "properties.platformFaultDomainCount", 2**31, "range"),
    BadBody(_SET, "properties.rollingUpgrade", {}, "unknown", BOTH),
    BadBody(_SET, f"{_PROFILE}.storageProfile.osDisk.createOption", GONE, "required", BOTH),
    BadBody(_SET, f"{_PROFILE}.storageProfile.osDisk.caching", "Sometimes", "enum", BOTH),
    BadBody(_SET, f"{_PROFILE}.storageProfile.imageReference.exactVersion", 1, "type", BOTH),
    BadBody(_SET, f"{_PROFILE}.osProfile.adminPassword", "secret", "secret"),
    BadBody(_SET, f"{_PROFILE}.osProfile.linuxConfiguration.disablePasswordAuthentication", "true", "type", BOTH),
    BadBody(_SET, f"{_PROFILE}.networkProfile.networkInterfaceConfigurations.0.name", GONE, "required", BOTH),
    BadBody(_PATCH, "identity", "Somebody", "type", BOTH),
    BadBody(_LIST, "value", GONE, "required"),
    BadBody(_LIST, "nextLink", 7, "type"),
    BadBody(_LIST, "count", 4, "unknown"),
    BadBody(_LIST, "value", {}, "type"),
    BadBody(_LIST, "value.1.instanceId", 1, "type", BOTH),
    BadBody(_LIST, "value.1.location", GONE, "required", BOTH),
    BadBody(_LIST, "value.1.zones", [None], "type", BOTH, "[]"),
    BadBody(_LIST, "value.3.properties.latestModelApplied", "true", "type", BOTH),
    BadBody(_LIST, "value.3.properties.health", "Healthy", "unknown", BOTH),
    BadBody(_LIST, "value.2.properties.instanceView.platformUpdateDomain", "0", "type", BOTH),
    BadBody(_LIST, "value.2.properties.instanceView.statuses.0.level", "Bad", "enum", BOTH),
    BadBody(_LIST, "value.2.properties.instanceView.statuses.0.time", "2026-13-01T00:00:00Z", "format"),
    BadBody(_LIST, "value.2.properties.instanceView.vmHealth.state", "healthy", "unknown", BOTH),
    BadBody(_LIST, "value.2.properties.storageProfile.osDisk.osType", "Plan9", "enum", BOTH),
    BadBody(_LIST, "value.2.properties.storageProfile.imageReference.exactVersion", None, "type", BOTH),
    BadBody(_ONE, "properties.protectionPolicy", [], "type", BOTH),
    BadBody(_ONE, "properties.hardwareProfile.cores", 2, "unknown", BOTH),
    BadBody(_VIEW, "statuses.0.level", "info", "enum"),
    BadBody(_VIEW, "updateDomain", 0, "unknown"),
    BadBody("VirtualMachineScaleSets_GetInstanceView 200", "virtualMachine.statusesSummary.0.count", "4", "type"),
    BadBody("VirtualMachineImages_Get 200", "properties.osDiskImage.operatingSystem", "Plan9", "enum"),
    BadBody("VirtualMachineImages_Get 200", "properties.offer", "jammy", "unknown"),
    BadBody("VirtualMachineImages_List 200", "0.location", GONE, "required"),
    BadBody("GalleryImageVersions_Get 200", "properties.storageProfile", GONE, "required"),
    BadBody("GalleryImageVersions_Get 200", "properties.publishingProfile.publishedDate", "soon", "format"),
    BadBody("GalleryImageVersions_Get 200", "properties.version", "1.0.0", "unknown"),
    BadBody("Images_Get 200", "properties.storageProfile.osDisk.osState", "Fine", "enum", "bicep"),
    BadBody("Images_Get 200", "properties.storageProfile.osDisk.osType", GONE, "required", "bicep"),
    BadBody(_POLL, "status", "Running", "enum"),
    BadBody(_POLL, "status", GONE, "required"),
    BadBody(_POLL, "startTime", "now", "format"),
    BadBody(_POLL, "percentComplete", 50, "unknown"),
    BadBody(_POLL, "endTime", "2026-01-01T00:00:00Z", "not while InProgress"),
    BadBody(_MISSING, "code", "NotFound", "unknown"),
    BadBody(_MISSING, "error.reason", "Gone", "unknown"),
    BadBody(_MISSING, "error.details", {}, "type"),
)

_IMAGE = f"{_PROFILE}.storageProfile.imageReference"

BAD_REQUESTS = (
    BadBody(_PATCH, "location", "westeurope", "unknown"),
    BadBody(_PATCH, f"{_IMAGE}.edition", "pro", "unknown", BOTH),
    BadBody(_PATCH, f"{_IMAGE}.version", 22.04, "type", BOTH),
    BadBody(_PATCH, f"{_IMAGE}.version", None, "type", BOTH),
    BadBody(_PATCH, f"{_IMAGE}.exactVersion", "22.04.1", "readOnly", BOTH),
    BadBody(_PATCH, "properties.upgradePolicy", "Sudden", "type", BOTH),
    BadBody(_UPGRADE, "instanceIds", GONE, "required"),
    BadBody(_UPGRADE, "instanceIds", "0", "type"),
    BadBody(_UPGRADE, "instanceIds.0", 0, "type"),
    BadBody(_UPGRADE, "force", True, "unknown"),
)

_JSON = {"content-type": "application/json; charset=utf-8"}

BAD_EXCHANGES = (
    BadExchange(_SET, {"status": 206}, {("openapi", "status")}),
    BadExchange(_SET, {"status": 302}, {("openapi", "status")}),
    BadExchange(_PATCH, {"status": 202}, {("openapi", "status")}),
    BadExchange(_UPGRADE, {"status": 204}, {("openapi", "status")}),
    BadExchange(_SET, {"text": ""}, {("openapi", "body"), ("wire", "content-type")}),
    BadExchange(_SET, {"text": "<html>"}, {("wire", "body"), ("openapi", "body"), ("wire", "content-type")}),
    BadExchange(_SET, {"headers": {"content-type": "text/html"}}, {("wire", "content-type")}),
    BadExchange(_UPGRADE, {"text": "{}"}, {("openapi", "body"), ("wire", "content-type")}),
    BadExchange(_UPGRADE, {"headers": _JSON}, {("wire", "content-type")}),
    BadExchange(_MISSING, {"text": "", "headers": {"content-type": None}}, {("openapi", "body")}),
    BadExchange(_SET, {"method": "POST"}, {("openapi", "operation")}),
    BadExchange(_SET, {"url": ("/virtualMachineScaleSets/", "/scaleSets/")}, {("openapi", "operation")}),
    BadExchange(_UPGRADE, {"url": ("manualupgrade", "manualUpgrades")}, {("openapi", "operation")}),
    BadExchange(_UPGRADE, {"url": ("manualupgrade", "MANUALUPGRADE")}, set()),
    BadExchange(_LIST, {"url": ("/virtualMachines?", "/virtualmachines?")}, set()),
    BadExchange(_SET, {"url": ("api-version=2026-04-01", "")}, {("openapi", "required"), ("sdk", "api-version")}),
    BadExchange(_SET, {"url": ("2026-04-01", "2023-09-01")}, {("sdk", "api-version")}),
    BadExchange(_SET, {"url": ("?", "?$select=name&")}, {("openapi", "unknown"), ("sdk", "query")}),
    BadExchange(_SET, {"url": ("?", "?api-version=2026-04-01&")}, {("openapi", "query")}),
    BadExchange(_LIST, {"url": ("?", "?$skiptoken=abc&")}, {("wire", "address")}),
    BadExchange(_POLL, {"url": ("&s=", "&s=x")}, {("wire", "address")}),
    BadExchange(_SET, {"sent_text": "{}"}, {("openapi", "body")}),
    BadExchange(_PATCH, {"sent_text": ""}, {("openapi", "body")}),
    BadExchange(_PATCH, {"sent_text": "image=x"}, {("openapi", "body")}),
    BadExchange(_PATCH, {"sent": {"content-type": "text/plain"}}, {("openapi", "content-type")}),
    BadExchange(_PATCH, {"sent": {"if-match": '"2"'}}, set()),
    BadExchange(_UPGRADE, {"sent": {"if-match": '"2"'}}, {("openapi", "unknown"), ("sdk", "header")}),
)


def with_bad_answer(exchange: Exchange, bad: BadBody) -> Exchange:
    """Return the exchange with a changed body of the answer."""
    return replace(exchange, text=_changed(exchange.text, bad))


def with_bad_request(exchange: Exchange, bad: BadBody) -> Exchange:
    """Return the exchange with a changed body of the request."""
    return replace(exchange, sent_text=_changed(exchange.sent_text, bad))


def with_bad_surroundings(exchange: Exchange, bad: BadExchange) -> Exchange:
    """Return the exchange with the changes of `bad`."""
    change = dict(bad.change)
    if "url" in change:
        change["url"] = exchange.url.replace(*change["url"])
        assert change["url"] != exchange.url
    for name in ("headers", "sent"):
        if name in change:
            headers = {**getattr(exchange, name), **change[name]}
            change[name] = {header: value for header, value in headers.items() if value is not None}
    return replace(exchange, **change)


def _changed(text: str, bad: BadBody) -> str:
    document = json.loads(text)
    *above, last = (int(part) if part.isdigit() else part for part in bad.path.split("."))
    place = document
    for part in above:
        place = place[part]
    if bad.value is GONE:
        del place[last]
    else:
        place[last] = bad.value
    return json.dumps(document, separators=(",", ":"))
