"""Regions, which Azure spells in two ways: `West Europe` and `westeurope`."""

from typing import Any

# How galleries spell the regions that are met most; of another the name stays as it is.
_REGIONS = (
    "Australia East", "Brazil South", "Canada Central", "Central India", "Central US", "East Asia", "East US",
    "East US 2", "France Central", "Germany West Central", "Japan East", "Korea Central", "North Central US",
    "North Europe", "Norway East", "South Central US", "Southeast Asia", "Sweden Central", "Switzerland North",
    "UAE North", "UK South", "UK West", "West Central US", "West Europe", "West US", "West US 2", "West US 3",
)  # fmt: skip


def plain_region(name: str) -> str:
    """`West Europe` as `westeurope`."""
    return name.replace(" ", "").lower()


def target_region(name: str) -> dict[str, Any]:
    """A region that a version is replicated to, as a gallery spells it: `West Europe`."""
    spelled = next((each for each in _REGIONS if plain_region(each) == plain_region(name)), name)
    return {"name": spelled, "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS"}
