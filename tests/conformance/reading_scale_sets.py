"""Scale sets: the model that the action reads, and whether two answers show the same one."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from contract import Interaction, Recording
from reading import Answers, Facts, Kind, Leaves, answered, header, path_of
from reading_images import model_image
from reading_wire import hearing, reply_of
from vmss_upgrade.azure_api.translation.image_reference import image_patch
from vmss_upgrade.azure_api.translation.model import to_model
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import HealthSignal, Owner

_SETS = r"/virtualmachinescalesets"
_PROFILE = r"properties\.virtualMachineProfile\."
_NOT_COMPARED = re.compile(rf"^{_PROFILE}(timeCreated$|storageProfile\.(imageReference|osDisk\.image)(\.|$))", re.I)


def _answers(recording: Recording) -> Iterator[Answers]:
    """Yield each scale set in an answer about one of them, or in a list of them."""
    for answer in answered(recording, "GET PUT PATCH", rf"{_SETS}/[^/]+", (200, 201)):
        yield (answer,)
    for answer in answered(recording, "GET", _SETS, (200,)):
        for each in answer.body["value"]:
            yield (replace(answer, body=each),)


def _read(answers: Answers) -> Facts:
    """Read the answer to a write, or an item of a list, like the answer to a GET."""
    model = hearing([reply_of(answers[0], status=200)]).client.read_model()
    return {
        "id": model.id,
        "name": model.name,
        "resource group": model.resource_group,
        "subscription": model.subscription,
        "location": model.location,
        "etag": model.etag,
        "provisioning state": str(model.provisioning),
        "upgrade mode": model.upgrade_mode,
        "Flexible": model.is_flexible,
        "OS": model.traits.os,
        "plan": model.traits.plan,
        "time": model.time,
        "ephemeral OS disk": model.ephemeral_os_disk,
        "repairs": model.repairs,
        "health signal": model.health_signal,
        "automatic OS upgrade": model.automatic_os_upgrade,
        "Service Fabric": model.owner is Owner.SERVICE_FABRIC,
        "AKS": model.owner is Owner.AKS,
        "image kind": model.image.kind,
        "image": str(model.image),
        "image as a rollback would write it": _patched(model.image),
    }


def _patched(image: Image) -> dict[str, object]:
    """Return the fields by which the patch names the image, as they are called inside the storage profile."""
    storage = image_patch(image)["properties"]["virtualMachineProfile"]["storageProfile"]
    return {path: value for path, value in Leaves(storage).pairs if value}


def _written(answers: Answers) -> Facts:
    (answer,) = answers
    leaves = Leaves(answer.body)
    place = re.match("/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/", leaves.text("id"), re.I)
    facts: Facts = {
        "id": leaves.text("id"),
        "name": leaves.text("name"),
        "resource group": place and place["group"],
        "subscription": place and place["subscription"],
        "location": leaves.text("location"),
        "etag": leaves.text("etag") or header(answer, "etag"),
        "provisioning state": leaves.text("provisioningState"),
        "upgrade mode": leaves.text(r"upgradePolicy\.mode"),
        "Flexible": leaves.text("properties.orchestrationMode") == "Flexible",
        "OS": _os(leaves),
        "plan": ":".join(leaves.text(rf"^plan\.{part}") for part in ("publisher", "product", "name")).strip(":"),
        "time": leaves.text(r"virtualMachineProfile\.timeCreated"),
        "ephemeral OS disk": leaves.text(r"diffDiskSettings\.option") == "Local",
        "repairs": _repairs(leaves),
        "health signal": _health_signal(leaves),
        "automatic OS upgrade": leaves.nearest("enableAutomaticOSUpgrade", False),
        "Service Fabric": _is_service_fabric(leaves),
        "AKS": _is_aks(leaves),
        "image as a rollback would write it": _named_image(leaves),
    }
    return facts | model_image(leaves)


def _named_image(leaves: Leaves) -> dict[str, object]:
    """Return the fields that name the image, as they are called inside the storage profile."""
    return {
        re.sub(r"^.*\.storageProfile\.", "", path, flags=re.IGNORECASE): value
        for path, value in leaves.named(r"storageProfile\.(imageReference\.\w+|osDisk\.image\.uri)")
        if value and not path.endswith(".exactVersion")
    }


def _os(leaves: Leaves) -> str:
    given = re.compile(r"osProfile\.(linux|windows)Configuration(\.|$)", re.I)
    found = next((match[1] for path, _ in leaves.pairs if (match := given.search(path))), "")
    return found.title() or leaves.text(r"osDisk\.osType")


def _repairs(leaves: Leaves) -> str:
    enabled = leaves.nearest(r"automaticRepairsPolicy\.enabled", False)
    return (leaves.text(r"automaticRepairsPolicy\.repairAction") or "Replace") if enabled else ""


def _health_signal(leaves: Leaves) -> HealthSignal:
    if leaves.text(r"healthProbe\.id"):
        return HealthSignal.PROBE
    if any(re.match(r"ApplicationHealth(Linux|Windows)$", type_, re.I) for type_ in _extensions(leaves, "type")):
        return HealthSignal.EXTENSION
    return HealthSignal.EXTERNAL if leaves.nearest(r"externalHealthPolicy\.enabled") else HealthSignal.NONE


def _extensions(leaves: Leaves, field: str) -> list[str]:
    return [str(value) for _, value in leaves.named(rf"extensions\.\d+\.properties\.{field}")]


def _is_service_fabric(leaves: Leaves) -> bool:
    return any(each.lower().startswith("microsoft.azure.servicefabric") for each in _extensions(leaves, "publisher"))


def _is_aks(leaves: Leaves) -> bool:
    return bool(leaves.named(r"tags\.aks-managed.*"))


SCALE_SETS = Kind("scale set", _answers, _read, _written)


def _neighbours(recording: Recording) -> Iterator[Answers]:
    """Yield each two successive answers about one scale set."""
    by_set: dict[str, list[Interaction]] = {}
    for answer in answered(recording, "GET PUT PATCH", rf"{_SETS}/[^/]+", (200, 201)):
        by_set.setdefault(path_of(answer.url), []).append(answer)
    for same in by_set.values():
        yield from pairwise(same)


def _read_both(answers: Answers) -> Facts:
    before, after = (to_model(answer.body) for answer in answers)
    return {
        "is the same model": before.fingerprint == after.fingerprint,
        "has the same image": before.image.same_as(after.image),
    }


def _written_both(answers: Answers) -> Facts:
    before, after = (Leaves(answer.body) for answer in answers)
    return {
        "is the same model": _profile(before) == _profile(after),
        "has the same image": _folded(before) == _folded(after),
    }


def _folded(leaves: Leaves) -> set[tuple[str, str]]:
    """Return the name of the image, without regard to case."""
    return {(path.lower(), str(value).lower()) for path, value in _named_image(leaves).items()}


def _profile(leaves: Leaves) -> dict[str, object]:
    """Return the part of the model from which instances are created, without the image."""
    return {path: value for path, value in leaves.pairs if re.match(_PROFILE, path) and not _NOT_COMPARED.match(path)}


NEIGHBOURS = Kind("scale set, twice", _neighbours, _read_both, _written_both)
