"""The images of the drawn cases: two kinds with three versions each, oldest first."""

from typing import Any

from harness.scenarios import GALLERIES, NEW, OLD, UBUNTU

PLATFORM_VERSIONS = ("22.04.202609010", OLD, NEW)
GALLERY = f"{GALLERIES}/shared/images/web"
GALLERY_VERSIONS = ("1.0.0", "1.1.0", "2.0.0")


class Family:
    """One kind of image, and its spelling in each place."""

    def __init__(self, *, gallery: bool) -> None:
        self.is_gallery = gallery

    def exact(self, number: int) -> str:
        """Return the version as the simulator's state names it."""
        return f"{GALLERY}/versions/{GALLERY_VERSIONS[number]}" if self.is_gallery else PLATFORM_VERSIONS[number]

    def named(self, number: int | None) -> str:
        """Return the name of a version; None: the latest."""
        return self.exact(number) if number is not None else GALLERY if self.is_gallery else "latest"

    def in_model(self, number: int | None) -> dict[str, str]:
        """Return a model's image; None: the latest."""
        return {"id": self.named(number)} if self.is_gallery else {**UBUNTU, "version": self.named(number)}

    def of_instance(self, number: int) -> Any:
        return {"id": self.exact(number)} if self.is_gallery else self.exact(number)

    def asked_for(self, number: int | None) -> dict[str, str]:
        """Return the inputs that name it; None: the latest."""
        return {"image-id" if self.is_gallery else "image-version": self.named(number)}

    def catalog(self) -> list[dict[str, Any]]:
        if self.is_gallery:
            return [{"id": GALLERY, "versions": list(GALLERY_VERSIONS)}]
        return [{**UBUNTU, "versions": list(PLATFORM_VERSIONS)}]


LATEST = 2  # the number of the newest version


def family_of(document: dict[str, Any]) -> Family:
    """Return the kind of image in a drawn scenario."""
    return Family(gallery="id" in document["fleet"]["image"])
