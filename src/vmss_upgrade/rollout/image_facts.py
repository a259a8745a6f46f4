"""What is known of an image, and of a VM size, beyond their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from vmss_upgrade.rollout.image import by_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What decides whether an image boots on a scale set; empty where it is not known.

    `plan` is a marketplace plan as publisher:product:name; empty: it has none; None: not known. `features`, the size of
    the OS disk in GB and the LUNs of the data disks that the image brings along are None where they are not known.
    """

    os: str = ""  # Linux, Windows
    generation: str = ""  # of the hypervisor: V1, V2
    architecture: str = ""  # x64, Arm64
    plan: str | None = None
    os_state: str = ""  # Generalized, Specialized
    features: tuple[tuple[str, str], ...] | None = None
    disk_size: int | None = None
    data_luns: frozenset[int] | None = None

    def feature(self, name: str) -> str | None:
        """Return the value of the feature `name`, in lower case: empty if only others are listed, None if none are."""
        if self.features is None:
            return None
        return next((value for each, value in self.features if each.lower() == name), "")

    def completed(self, other: Traits) -> Traits:
        """Return these traits, with those of `other` where one is not known here."""
        return replace(
            self,
            os=self.os or other.os,
            generation=self.generation or other.generation,
            architecture=self.architecture or other.architecture,
            plan=other.plan if self.plan is None else self.plan,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VmSize:
    """What a VM size can do in a region; empty where its description does not say."""

    generations: frozenset[str] = frozenset()
    architecture: str = ""
    controllers: frozenset[str] = frozenset()


class ImageState(Enum):
    """What could be found out about an image."""

    FOUND = "found"
    MISSING = "missing"
    DENIED = "denied"  # no right to read it
    OTHER_TENANT = "other tenant"  # of a tenant that one is not signed in to
    UNKNOWABLE = "unknowable"  # a VHD: there is no catalog to ask


class Replication(Enum):
    """How far a gallery image version has come in one region."""

    COMPLETED = "completed"
    REPLICATING = "replicating"
    FAILED = "failed"
    NOT_ASKED_FOR = "not asked for"  # the region is none of its target regions
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What the catalog says of one exact image. `progress` is the replication's, in percent.

    Dates are as Azure writes them; `deprecation_date` is the scheduled one, `end_of_life` a gallery version's.
    """

    state: ImageState
    traits: Traits = Traits()
    deprecated: bool = False
    deprecation_date: str = ""
    end_of_life: str = ""
    past_end_of_life: bool = False
    replication: Replication = Replication.COMPLETED
    progress: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageVersion:
    """One version of a platform or gallery image. `may_be_latest`: it is in the region and not excluded from latest."""

    name: str
    may_be_latest: bool = True


def newest_first(versions: Iterable[ImageVersion]) -> list[str]:
    """Return the versions that may be the latest, the highest first, number by number."""
    return sorted((version.name for version in versions if version.may_be_latest), key=by_number, reverse=True)
