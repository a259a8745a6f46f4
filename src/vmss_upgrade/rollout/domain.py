"""Domains: instances that may go down together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vmss_upgrade.rollout.wording import in_natural_order


class DomainKind(Enum):
    """What a domain is a part of; SET is the scale set as a whole, for batches that are drawn across it."""

    UPDATE = "update domain"
    FAULT = "fault domain"
    ZONE = "zone"
    SET = "scale set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Instances that may go down together. Numbers repeat per zone and per placement group, so the number alone is
    not a key; a zone has no number of its own, and the whole set neither.
    """

    kind: DomainKind
    zone: str = ""
    placement_group: str = ""
    number: int = 0

    @property
    def order(self) -> tuple[tuple[int, int | str], str, int]:
        """Sort key among domains of one kind: zone, placement group, number."""
        return (in_natural_order(self.zone), self.placement_group, self.number)
