"""az's output in the words of the simulator's state, so that the two can be compared."""

from typing import Any

Json = dict[str, Any]


def flat(value: Any) -> Any:
    """Return Azure's JSON as az prints it: `properties` merged into their parent, without az's own `resourceGroup`.

    This also applies to az's output: a word that az does not know, and so does not print, then makes the two differ.
    """
    if isinstance(value, list):
        return [flat(each) for each in value]
    if not isinstance(value, dict):
        return value
    laid = {**value, **value["properties"]} if isinstance(value.get("properties"), dict) else value
    return {key: flat(each) for key, each in laid.items() if key not in ("properties", "resourceGroup")}


def instance_shown(instance: Json) -> Json:
    """Return one instance of `list-instances --expand instanceView`."""
    view, reference = instance["instanceView"], instance["storageProfile"]["imageReference"]
    return {
        "instance_id": instance["instanceId"],
        "image_version": reference["id"] if "id" in reference else reference["exactVersion"],
        "latest_model_applied": instance["latestModelApplied"],
        "provisioning_state": instance["provisioningState"],
        "zone": (instance.get("zones") or [None])[0],
        **view_shown(view),
    }


def view_shown(view: Json) -> Json:
    """Return the parts of an instance view that the state has, too."""
    return {
        "update_domain": view.get("platformUpdateDomain"),
        "fault_domain": view.get("platformFaultDomain"),
        "placement_group": view.get("placementGroupId"),
        "power_state": _code(view["statuses"], "PowerState"),
        "healthy": _healthy(view),
    }


def truth_shown(state: Json, shown: Json) -> Json:
    """Return the parts of an instance's state that `shown` has, too."""
    return {key: state[key] for key in shown}


def _code(statuses: list[Json], kind: str) -> str:
    (code,) = [status["code"] for status in statuses if status["code"].startswith(f"{kind}/")]
    return str(code).removeprefix(f"{kind}/")


def _healthy(view: Json) -> bool | None:
    if "vmHealth" not in view:
        return None
    return {"healthy": True, "unhealthy": False}[_code([view["vmHealth"]["status"]], "HealthState")]
