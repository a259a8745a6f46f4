"""What the workflow author asked for, parsed once; every problem is reported at once.

`INPUTS` is the same list as in action.yml (a test holds them together). Values arrive as `INPUT_<NAME>`, hyphens
kept (the runner's `AddInputsToEnvironment`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from vmss_upgrade.account import Account, ClientSecret, Cloud, GitHubOidc, ManagedIdentity, SignIn
from vmss_upgrade.errors import InputError, InputProblem
from vmss_upgrade.rollout.image import ImageRequest
from vmss_upgrade.rollout.policy import BatchSize, Policy

# name -> default, as in action.yml; an empty default is decided here or by the scale set
INPUTS: Final[Mapping[str, str]] = {
    "resource-group": "",
    "scale-set": "",
    "subscription-id": "",
    "tenant-id": "",
    "client-id": "",
    "client-secret": "",
    "audience": "",
    "environment": "AzureCloud",
    "resource-manager-endpoint": "",
    "operation": "upgrade",
    "image-version": "",
    "image-sku": "",
    "image-offer": "",
    "image-publisher": "",
    "image-id": "",
    "image-uri": "",
    "strategy": "update-domain",
    "batch-size": "",
    "bake-time": "",
    "health-timeout": "20m",
    "batch-timeout": "1h",
    "timeout": "5h30m",
    "report-path": "",
}
ENVIRONMENTS: Final = ("AzureCloud", "AzureUSGovernment", "AzureChinaCloud")
OPERATIONS: Final = ("upgrade", "plan")
STRATEGIES: Final = ("update-domain",)

_PREFIX = "INPUT_"
_OF_THE_RUNNER = ("entrypoint", "args")  # `with: entrypoint:` and `with: args:` are always allowed
_PLATFORM_IMAGE = ("image-version", "image-sku", "image-offer", "image-publisher")
_NAME = re.compile(r"[\w.()-]+")
_IDENTIFIER = re.compile(r"[\w.-]+")
_SCALE_SET_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.Compute/virtualMachineScaleSets/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)
_CLOCK_UNITS = re.compile(r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.IGNORECASE)
_BATCH_SIZE = re.compile(r"(\d{1,9})\s*(%?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that was asked for, in our own words."""

    account: Account
    image: ImageRequest
    policy: Policy
    plan_only: bool
    report_path: str


def parse_inputs(environ: Mapping[str, str]) -> Inputs:
    """The inputs in `environ`. Raises InputError with every problem, each naming the input and its remedy."""
    form = _Form(environ)
    form.refuse_unknown()
    inputs = Inputs(
        account=_account(form, environ),
        image=_image(form),
        policy=_policy(form),
        plan_only=form.choice("operation", OPERATIONS) == "plan",
        report_path=_report_path(form),
    )
    form.choice("strategy", STRATEGIES)
    if form.problems:
        raise InputError(form.problems)
    return inputs


def usable_report_path(environ: Mapping[str, str]) -> str:
    """`report-path` where it can be used, whatever is wrong with the other inputs; else empty."""
    form = _Form(environ)
    path = _report_path(form)
    return "" if form.problems else path


def parse_duration(text: str) -> float | None:
    """Seconds of `90s`, `5m`, `1h30m`, `PT5M` or plain seconds; None where it is none of them."""
    text = text.strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    match = _CLOCK_UNITS.fullmatch(text[2:] if text[:2].upper() == "PT" else text)
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


class _Form:
    """The inputs as they came, and the problems found so far."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        given = {
            name[len(_PREFIX) :].lower(): value.strip() for name, value in environ.items() if name.startswith(_PREFIX)
        }
        self._given = {name: value for name, value in given.items() if name not in _OF_THE_RUNNER}
        self.problems: list[InputProblem] = []

    def __getitem__(self, name: str) -> str:
        return self._given.get(name) or INPUTS[name]

    def problem(self, name: str, message: str, remedy: str) -> None:
        """Note a problem; parsing goes on, to find the others."""
        self.problems.append(InputProblem(name, message, remedy))

    def refuse_unknown(self) -> None:
        """A name that is not an input: the runner only warns of a typo, and the default would be used silently."""
        for name in self._given:
            if name not in INPUTS:
                near = get_close_matches(name.replace("_", "-"), INPUTS, n=1, cutoff=0.5)
                remedy = f"Did you mean `{near[0]}`?" if near else f"The inputs are: {', '.join(INPUTS)}."
                self.problem(name, "there is no input of this name", remedy)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """A value out of `allowed`, whatever its case."""
        found = {value.lower(): value for value in allowed}.get(self[name].lower())
        if found is None:
            self.problem(name, f"{self[name]!r} is not one of its values", f"Use one of: {', '.join(allowed)}.")
        return found or allowed[0]

    def duration(self, name: str) -> float | None:
        """Seconds; None where the input is empty."""
        if not self[name]:
            return None
        seconds = parse_duration(self[name])
        if seconds is None:
            self.problem(name, f"{self[name]!r} is not a duration", "Write 90s, 5m, 1h30m, PT5M or plain seconds.")
        return seconds

    def positive_duration(self, name: str) -> float:
        """Seconds, more than none."""
        seconds = self.duration(name)
        if seconds == 0:
            self.problem(name, "0 leaves no time at all", "Write a duration such as 20m.")
        return seconds or 1.0

    def matching(self, name: str, pattern: re.Pattern[str], remedy: str) -> str:
        """A value of a certain form, or empty."""
        value = self[name]
        if value and not pattern.fullmatch(value):
            self.problem(name, f"{value!r} cannot be such a name", remedy)
        return value


def _account(form: _Form, environ: Mapping[str, str]) -> Account:
    subscription, group, name = _scale_set(form)
    return Account(
        cloud=_cloud(form, environ),
        sign_in=_sign_in(form, environ),
        subscription_id=subscription,
        resource_group=group,
        scale_set=name,
    )


def _scale_set(form: _Form) -> tuple[str, str, str]:
    """Subscription, resource group and name: from the resource id where one was given, else from three inputs."""
    value = form["scale-set"]
    subscription = form.matching("subscription-id", _IDENTIFIER, "Copy it from `az account show --query id`.")
    group = form.matching("resource-group", _NAME, "Give the name alone, as `az group list` prints it.")
    if value.startswith("/"):
        found = _SCALE_SET_ID.fullmatch(value)
        if found is None:
            form.problem(
                "scale-set",
                f"{value!r} is not the resource id of a scale set",
                "Copy it from `az vmss show --query id`.",
            )
            return "", "", ""
        _refuse_contradiction(form, "subscription-id", subscription, found["subscription"])
        _refuse_contradiction(form, "resource-group", group, found["group"])
        return found["subscription"], found["group"], found["name"]
    if not value:
        form.problem("scale-set", "is missing", "Give the scale set's name, or its whole resource id.")
    else:
        form.matching("scale-set", _NAME, "Give the name alone, or the whole resource id.")
    if not group:
        form.problem("resource-group", "is missing", "Give it, or a whole resource id as `scale-set`.")
    if not subscription:
        form.problem("subscription-id", "is missing", "Give it, or a whole resource id as `scale-set`.")
    return subscription, group, value


def _refuse_contradiction(form: _Form, name: str, given: str, in_id: str) -> None:
    if given and given.lower() != in_id.lower():
        form.problem(name, f"{given!r} contradicts {in_id!r} in the resource id in `scale-set`", f"Leave `{name}` out.")


def _cloud(form: _Form, environ: Mapping[str, str]) -> Cloud:
    endpoint = form["resource-manager-endpoint"]
    if endpoint and not _is_https(endpoint):
        form.problem(
            "resource-manager-endpoint",
            f"{endpoint!r} is not an https address",
            "Write https://HOST or https://HOST:PORT.",
        )
    authority = environ.get("AZURE_AUTHORITY_HOST", "").strip()
    if authority and "://" not in authority:
        authority = f"https://{authority}"
    if authority and not _is_https(authority):
        form.problem(
            "AZURE_AUTHORITY_HOST", f"{authority!r} (in the environment) is not an https address", "Write https://HOST."
        )
    return Cloud(
        environment=form.choice("environment", ENVIRONMENTS),
        resource_manager_endpoint=endpoint,
        authority_host=authority,
        audience=form["audience"],
    )


def _is_https(address: str) -> bool:
    return _is_address(address, ("https",)) and "?" not in address


def _is_address(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # what is between the slashes cannot be a host and a port
        return False


def _sign_in(form: _Form, environ: Mapping[str, str]) -> SignIn:
    """A given secret wins; else GitHub's OIDC token; a managed identity only where nothing else was given."""
    tenant = form.matching("tenant-id", _IDENTIFIER, "Copy it from `az account show --query tenantId`.")
    client = form.matching("client-id", _IDENTIFIER, "Copy the application (client) id.")
    secret = form["client-secret"]
    url = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    token = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    self_hosted = environ.get("RUNNER_ENVIRONMENT", "") == "self-hosted"
    if not (tenant or client or secret) and self_hosted:
        return ManagedIdentity()
    for name, value in (("tenant-id", tenant), ("client-id", client)):
        if not value:
            form.problem(name, "is missing", "Give it: both `tenant-id` and `client-id` are needed to sign in.")
    if secret:
        return ClientSecret(tenant_id=tenant, client_id=client, secret=secret)
    if not (url and token):
        form.problem(
            "client-secret",
            "is not given, and the job may not ask for GitHub's OIDC token "
            "(ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set)",
            "Add `permissions: id-token: write` to the job (it is not available to pull requests from forks), "
            "or give `client-secret`.",
        )
    return GitHubOidc(tenant_id=tenant, client_id=client, request_url=url, request_token=token)


def _image(form: _Form) -> ImageRequest:
    given = [name for name in _PLATFORM_IMAGE if form[name]]
    groups = [group for group in (given, *([n] for n in ("image-id", "image-uri") if form[n])) if group]
    if not groups:
        form.problem(
            "image-version",
            "no image is asked for",
            "Give image-version (and image-sku, image-offer, image-publisher as needed), image-id or image-uri.",
        )
    if len(groups) > 1:
        names = " and ".join("/".join(group) for group in groups)
        form.problem(groups[1][0], f"{names} name different images", "Keep one of them.")
    for name in given:
        form.matching(name, _IDENTIFIER, "Copy it from `az vm image list`.")
    if form["image-version"].lower() == "latest":
        form.problem("image-version", "`latest` is not accepted", "Give an exact version, such as 22.04.202611010.")
    return ImageRequest(
        version=form["image-version"],
        sku=form["image-sku"],
        offer=form["image-offer"],
        publisher=form["image-publisher"],
        image_id=_image_id(form),
        image_uri=_image_uri(form),
    )


def _image_id(form: _Form) -> str:
    value = form["image-id"].rstrip("/")
    path = value.lower()
    if value and not path.startswith(("/subscriptions/", "/communitygalleries/", "/sharedgalleries/")):
        form.problem(
            "image-id",
            f"{value!r} is not the id of an image",
            "It begins with /subscriptions/, /SharedGalleries/ or /CommunityGalleries/.",
        )
    elif "galleries/" in path and (not re.search(r"/versions/[^/]+$", path) or path.endswith("/latest")):
        form.problem(
            "image-id",
            "names a gallery image without an exact version",
            "Give the image version's id, which ends in /versions/X.Y.Z.",
        )
    return value


def _image_uri(form: _Form) -> str:
    value = form["image-uri"]
    if value and not _is_address(value, ("https", "http")):
        shown = value.partition("?")[0]
        form.problem("image-uri", f"{shown!r} is not the address of a VHD", "Write https://ACCOUNT.blob.../NAME.vhd.")
    return value


def _policy(form: _Form) -> Policy:
    policy = Policy(
        batch_size=_batch_size(form),
        bake_time=form.duration("bake-time"),
        health_timeout=form.positive_duration("health-timeout"),
        batch_timeout=form.positive_duration("batch-timeout"),
        timeout=form.positive_duration("timeout"),
    )
    batch_timeout = parse_duration(form["batch-timeout"])
    if policy.bake_time and batch_timeout and policy.bake_time >= batch_timeout:
        form.problem(
            "bake-time",
            f"{form['bake-time']} never ends within `batch-timeout` ({form['batch-timeout']})",
            "Make bake-time shorter or batch-timeout longer.",
        )
    return policy


def _batch_size(form: _Form) -> BatchSize | None:
    value = form["batch-size"]
    if not value:
        return None
    match = _BATCH_SIZE.fullmatch(value)
    number, is_percentage = (int(match[1]), bool(match[2])) if match else (0, False)
    if number > 0 and not (is_percentage and number > 100):
        return BatchSize(number, is_percentage)
    form.problem(
        "batch-size",
        f"{value!r} is neither a count of instances nor a percentage of the scale set",
        "Write a number from 1 on, or 1% to 100%.",
    )
    return None


def _report_path(form: _Form) -> str:
    value = form["report-path"]
    path = PurePosixPath(value)
    is_file_below = bool(path.name) and not path.is_absolute() and ".." not in path.parts
    if value and (not is_file_below or "\x00" in value or value.endswith("/")):
        form.problem(
            "report-path",
            f"{value!r} does not name a file below the workspace",
            "Write a relative path, such as out/report.json.",
        )
    return value
