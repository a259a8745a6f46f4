"""What a VM size can do, from the list of what is offered in a region.

Source: Resource SKUs of the compute provider (2021-07-01), `capabilities` HyperVGenerations, CpuArchitectureType and
DiskControllerTypes. The list is long, so it is to be read once and only where something depends on it.
"""

from __future__ import annotations

from urllib.parse import quote

from vmss_upgrade.azure_api.failures import translated
from vmss_upgrade.azure_api.reader import Reader
from vmss_upgrade.azure_api.translation.json_fields import Json, objects_in, text_in
from vmss_upgrade.errors import ASK_AGAIN, AzureError
from vmss_upgrade.rollout.image_facts import VmSize

_API_VERSION = "2021-07-01"


def read_size(reader: Reader, subscription_path: str, name: str, location: str) -> VmSize | None:
    """Return the size's abilities; None where the list may not be read or lacks it.

    Raises AzureError where asking again may help.
    """
    literal = location.replace("'", "''")
    wanted = quote(f"location eq '{literal}'", safe="")
    url = f"{subscription_path}/providers/Microsoft.Compute/skus?api-version={_API_VERSION}&$filter={wanted}"
    try:
        with translated("reading what the VM size can do"):
            items = [item for page in reader.pages(url) for item in page.items]
    except AzureError as error:
        if error.trouble in ASK_AGAIN:
            raise
        return None
    return next((_size(item) for item in items if _is_of(item, name)), None)


def _is_of(item: Json, name: str) -> bool:
    is_machine = text_in(item, "resourceType").lower() == "virtualmachines"
    return is_machine and text_in(item, "name").lower() == name.lower()


def _size(item: Json) -> VmSize:
    abilities = {text_in(each, "name").lower(): text_in(each, "value") for each in objects_in(item, "capabilities")}
    return VmSize(
        generations=_parts(abilities.get("hypervgenerations", "")),
        architecture=abilities.get("cpuarchitecturetype", ""),
        controllers=_parts(abilities.get("diskcontrollertypes", "")),
    )


def _parts(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())
