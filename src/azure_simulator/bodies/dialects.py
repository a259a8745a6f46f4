"""What an instance does not show, or shows in another way, on older dates and to clients of older api-versions.

Only other clients than the action speak these dialects: it asks for the newest api-version.
"""

from typing import Any

from azure_simulator.wire.generation import Generation

Json = dict[str, Any]


def in_dialect(body: Json, generation: Generation, api_version: str) -> Json:
    """Return an instance of a Uniform set as Azure writes it on this date for this api-version.

    `body` is the newest form, and is changed.
    """
    properties = body["properties"]
    if not generation.etags(api_version):
        del body["etag"]
    if not generation.updates_notify or api_version < "2019-03-01":
        del properties["modelDefinitionApplied"], properties["networkProfileConfiguration"]
    if not generation.updates_notify:
        del properties["hardwareProfile"]
    elif not generation.more_shown:
        properties["hardwareProfile"] = {}
    if api_version < "2019-03-01":
        properties.pop("protectionPolicy", None)
    if api_version < "2024-07-01":
        del properties["resilientVMDeletionStatus"]
    if api_version < "2021-11-01" or not generation.more_shown:
        del properties["timeCreated"]
    if not generation.exact_versions or api_version < "2019-03-01":
        _use_one_version(properties["storageProfile"])
    return body


def _use_one_version(storage: Json) -> None:
    """Show the exact version of a platform image as its `version`; of other images, show none."""
    reference = storage.get("imageReference", {})
    if "exactVersion" not in reference:
        return
    exact = reference.pop("exactVersion")
    if "publisher" in reference:
        reference["version"] = exact
