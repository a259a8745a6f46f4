"""Return what to do about Azure's refusals: by its code where that says enough, else by its words. Pure.

Sources: the eleventh model, in words only ("... has reached its limit of 10 models that may be referenced by one or
more VMs ..."; MicrosoftDocs/azure-docs#103472, microsoft/onefuzz#2318, kubernetes-sigs/cluster-api-provider-azure#4958;
none of them shows the code); a missing feature, rolling_upgrade_failed_operation_2018; missing images, wire facts
("Reported elsewhere"); the preview features of Flexible sets, Microsoft's pages on upgrade policies; an api-version
that is not known (yet), by one of Resource Manager's front ends for a while or by a cloud for good, wire facts (of two
equal calls one answers 400 `NoRegisteredProviderFound`), and the same said otherwise.
"""

from __future__ import annotations

import re

from vmss_upgrade.azure_api.denials import remedy_for_denial
from vmss_upgrade.rollout.checks.rights import FLEXIBLE_FEATURES
from vmss_upgrade.rollout.failures import remedy_of

_SET_NOT_FOUND = ("resourcenotfound", "resourcegroupnotfound", "subscriptionnotfound")
_FEATURE_MISSING = ("subscriptionnotregisteredforfeature", "featurenotregistered")

_VERSION_UNKNOWN = ("noregisteredproviderfound", "invalidapiversionparameter", "invalidresourcetype")
_ASKED_VERSION = re.compile(r"api[ -]version '([0-9a-z-]+)'", re.IGNORECASE)
_KNOWN_VERSIONS = re.compile(r"supported (?:api-)?versions are '([^']*)'", re.IGNORECASE)

_NAMED_FEATURE = re.compile(r"\b(Microsoft\.[A-Za-z]+)/([A-Za-z0-9_]+)\b(?!/)")
_SPEAKS_OF_FEATURE = re.compile(r"\bfeature\b", re.IGNORECASE)
_MODEL_LIMIT = re.compile(r"reached its limit of \d+ models", re.IGNORECASE)

_MODEL_LIMIT_REMEDY = (
    "The instances of a scale set may be on at most ten different models at a time, and every change of the model "
    "makes another. Bring the instances that are on old models to the current one first "
    "(`operation: upgrade-instances`), then run again."
)
_PLATFORM_IMAGE_REMEDY = (
    "Check publisher, offer, SKU and version of the image, and that it is offered in the scale set's region: "
    "`az vm image list --all --publisher PUBLISHER --offer OFFER --sku SKU --location REGION`."
)
_GALLERY_IMAGE_REMEDY = (
    "Check that the image version exists, and that the scale set's region is among its target regions and the "
    "replication there has completed: `az sig image-version show --expand ReplicationStatus --ids ID`."
)


def remedy_for(status: int, code: str, message: str) -> str:
    """Return what to do about a refusal of Resource Manager; empty where nothing is known that helps."""
    known = code.lower()
    if _MODEL_LIMIT.search(message):
        return _MODEL_LIMIT_REMEDY
    if known == "platformimagenotfound":
        return _PLATFORM_IMAGE_REMEDY
    if known == "galleryimagenotfound":
        return _GALLERY_IMAGE_REMEDY
    if is_unknown_version(code, message):
        return _unknown_version_remedy(message)
    if feature := _feature_remedy(known, message):
        return feature
    if status in (401, 403):
        return remedy_for_denial(status, code, message)
    if status == 412:
        return "Somebody else is changing the scale set: run again when they have done."
    if known in _SET_NOT_FOUND:
        return "Check `subscription-id`, `resource-group` and `scale-set`."
    return remedy_of(code, message)


def is_unknown_version(code: str, message: str) -> bool:
    """Return True if the version is not known: a region or a type may be unknown by the same code."""
    if code.lower() not in _VERSION_UNKNOWN:
        return False
    asked, known = _ASKED_VERSION.search(message), _versions(message)
    return asked is None or not known or asked[1].lower() not in known


def _unknown_version_remedy(message: str) -> str:
    """Return what it means if it lasts, for an answer that `is_unknown_version`."""
    asked, known = _ASKED_VERSION.search(message), _versions(message)
    which = f"the api-version {asked[1]}" if asked else "the api-version"
    newest = f" (the newest that it names is {max(known)})" if known else ""
    return (
        f"This cloud does not know {which} yet{newest}, and this release of the action speaks no older one: run again "
        "when it does. Azure brings a new version to its clouds and regions one after the other."
    )


def _versions(message: str) -> tuple[str, ...]:
    found = _KNOWN_VERSIONS.search(message)
    return tuple(filter(None, (each.strip().lower() for each in found[1].split(",")))) if found else ()


def _feature_remedy(code: str, message: str) -> str:
    """Return the remedy for a feature that is not registered; empty if the refusal is about something else."""
    named = _NAMED_FEATURE.search(message)
    if named and (code in _FEATURE_MISSING or _SPEAKS_OF_FEATURE.search(message)):
        feature, command = f"{named[1]}/{named[2]}", _command(named[1], named[2])
        return f"Register the subscription for the feature {feature}: {command}, then run again."
    if any(feature.lower() in message.lower() for feature in FLEXIBLE_FEATURES) or code in _FEATURE_MISSING:
        commands = " and ".join(_command("Microsoft.Compute", feature) for feature in FLEXIBLE_FEATURES)
        return f"Image upgrades of a Flexible scale set need preview features: register the subscription by {commands}."
    return ""


def _command(namespace: str, name: str) -> str:
    return f"`az feature register --namespace {namespace} --name {name}`"
