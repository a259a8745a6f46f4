"""The custom roles of examples/roles, and an Azure that holds an identity to those that are assigned to it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from urllib3.util import parse_url

from azure_simulator import Reply
from harness.wire import Interceptor, Request, Send

FOLDER = Path(__file__).resolve().parents[2] / "examples/roles"
VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete", "POST": "action"}


def read_role(name: str) -> list[str]:
    """Return the actions in a file."""
    return list(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["Actions"])


# file -> its actions, in lower case
ROLES = {path.stem: {action.lower() for action in read_role(path.stem)} for path in FOLDER.glob("*.json")}


def action_of(method: str, path: str) -> str:
    """Return the action that Resource Manager checks: namespace and types of the path, without the names."""
    *before, last = path.lower().strip("/").split("/providers/")
    namespace, *rest = last.strip("/").split("/")
    if before[-1:] == ["microsoft.features"]:  # "providers/features" is a type of its own there
        return f"microsoft.features/providers/{rest[0]}/{VERBS[method]}"
    called = rest[3:4] if method == "POST" and rest[2:3] == ["rollingupgrades"] else []  # "cancel" is no name there
    return "/".join((namespace, *rest[::2], *called, VERBS[method]))


def holding_to(*assignments: tuple[str, str]) -> Interceptor:
    """Refuse with 403 what no assignment allows: pairs of a scope, and the name of a role assigned there."""

    def judge(request: Request, send: Send) -> Reply:
        path = unquote(parse_url(request.url).path or "")
        if not path.lower().startswith("/subscriptions/"):
            return send(request)
        action = action_of(request.method, path)
        if any(action in ROLES[role] and _is_below(path, scope) for scope, role in assignments):
            return send(request)
        message = f"The client does not have authorization to perform action '{action}' over scope '{path}'."
        body = json.dumps({"error": {"code": "AuthorizationFailed", "message": message}})
        return Reply(403, [("content-type", "application/json")], body.encode())

    return judge


def shown_at(scope: str, assignments: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the `permissions` of a scenario: what is inherited at a scope, as Azure lists it."""
    return [{"actions": read_role(role)} for above, role in assignments if _is_below(scope, above)]


def _is_below(path: str, scope: str) -> bool:
    return f"{path.lower()}/".startswith(f"{scope.lower()}/")
