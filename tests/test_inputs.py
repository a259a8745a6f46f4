"""Every input: what is accepted, what is refused, and the words of the refusal."""

from __future__ import annotations

import pytest

from vmss_upgrade.account import ClientSecret, GitHubOidc, ManagedIdentity
from vmss_upgrade.errors import InputError
from vmss_upgrade.inputs import INPUTS, Inputs, parse_duration, parse_inputs, usable_report_path
from vmss_upgrade.rollout.image import ImageRequest
from vmss_upgrade.rollout.policy import BatchSize, Policy

RESOURCE_ID = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/web"
GALLERY = "/subscriptions/sub/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/web"
OIDC = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.invalid/token?a=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer"}
ENOUGH = {
    "scale-set": "web",
    "resource-group": "rg",
    "subscription-id": "sub",
    "tenant-id": "tenant",
    "client-id": "client",
    "image-version": "2.0.0",
}


def environ(given: dict[str, str], **more: str) -> dict[str, str]:
    """What the runner sets: every input under its name, those not given empty."""
    inputs = {f"INPUT_{name.upper()}": "" for name in INPUTS}
    inputs |= {f"INPUT_{name.upper()}": value for name, value in {**ENOUGH, **given}.items()}
    return {**OIDC, **inputs, **more}


def parsed(given: dict[str, str] | None = None, **more: str) -> Inputs:
    return parse_inputs(environ(given or {}, **more))


def problems(given: dict[str, str], **more: str) -> dict[str, str]:
    """Input -> what is wrong with it and how to mend it."""
    with pytest.raises(InputError) as refused:
        parsed(given, **more)
    found = refused.value.problems
    assert len({problem.input for problem in found}) == len(found), "an input is named once"
    assert all(problem.remedy for problem in found)
    return {problem.input: f"{problem.message}. {problem.remedy}" for problem in found}


# -- what is accepted ----------------------------------------------------------------------------------------------


def test_defaults() -> None:
    inputs = parsed()
    assert inputs.policy == Policy()
    assert inputs.image == ImageRequest(version="2.0.0")
    assert (inputs.plan_only, inputs.report_path) == (False, "")
    assert inputs.account.cloud.environment == "AzureCloud"
    assert parse_inputs({**OIDC, **{f"INPUT_{k.upper()}": v for k, v in ENOUGH.items()}}) == inputs, "absent is empty"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, ("sub", "rg", "web"), id="three-inputs"),
        pytest.param({"scale-set": " web "}, ("sub", "rg", "web"), id="blanks-around"),
        pytest.param(
            {"scale-set": RESOURCE_ID, "resource-group": "", "subscription-id": ""}, ("sub", "rg", "web"), id="id"
        ),
        pytest.param({"scale-set": f"{RESOURCE_ID}/"}, ("sub", "rg", "web"), id="id-with-a-slash"),
        pytest.param(
            {"scale-set": RESOURCE_ID.lower(), "resource-group": "RG"}, ("sub", "rg", "web"), id="id-and-case"
        ),
        pytest.param({"resource-group": "a.b_(c)-1"}, ("sub", "a.b_(c)-1", "web"), id="group-with-signs"),
    ],
)
def test_which_scale_set(given: dict[str, str], expected: tuple[str, str, str]) -> None:
    account = parsed(given).account
    assert (account.subscription_id, account.resource_group, account.scale_set) == expected


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        pytest.param("batch-size", "3", "batch_size", BatchSize(3), id="count"),
        pytest.param("batch-size", "20%", "batch_size", BatchSize(20, True), id="percentage"),
        pytest.param("batch-size", "20 %", "batch_size", BatchSize(20, True), id="percentage-with-a-blank"),
        pytest.param("batch-size", "100%", "batch_size", BatchSize(100, True), id="all"),
        pytest.param("bake-time", "0", "bake_time", 0.0, id="no-bake"),
        pytest.param("bake-time", "90s", "bake_time", 90.0, id="bake"),
        pytest.param("health-timeout", "1h30m", "health_timeout", 5400.0, id="health-timeout"),
        pytest.param("batch-timeout", "PT5M", "batch_timeout", 300.0, id="batch-timeout"),
        pytest.param("timeout", "7200", "timeout", 7200.0, id="timeout"),
    ],
)
def test_policy(name: str, value: str, field: str, expected: object) -> None:
    assert getattr(parsed({name: value}).policy, field) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            {"image-sku": "s", "image-offer": "o", "image-publisher": "p"},
            ImageRequest(version="2.0.0", sku="s", offer="o", publisher="p"),
            id="platform",
        ),
        pytest.param({"image-version": "", "image-sku": "s"}, ImageRequest(sku="s"), id="sku-only"),
        pytest.param(
            {"image-version": "", "image-id": f"{GALLERY}/versions/2.0.0/"},
            ImageRequest(image_id=f"{GALLERY}/versions/2.0.0"),
            id="gallery-version",
        ),
        pytest.param(
            {"image-version": "", "image-id": "/CommunityGalleries/g/Images/i/Versions/1.0"},
            ImageRequest(image_id="/CommunityGalleries/g/Images/i/Versions/1.0"),
            id="community",
        ),
        pytest.param(
            {"image-version": "", "image-uri": "https://a.blob.core.windows.net/c/x.vhd?sig=S"},
            ImageRequest(image_uri="https://a.blob.core.windows.net/c/x.vhd?sig=S"),
            id="vhd-with-its-signature",
        ),
    ],
)
def test_image(given: dict[str, str], expected: ImageRequest) -> None:
    assert parsed(given).image == expected


@pytest.mark.parametrize(
    ("given", "more", "expected"),
    [
        pytest.param({}, {}, ("AzureCloud", "", "", ""), id="public"),
        pytest.param({"environment": "azureusgovernment"}, {}, ("AzureUSGovernment", "", "", ""), id="case"),
        pytest.param(
            {"resource-manager-endpoint": "https://arm.local:8443", "audience": "api://x"},
            {"AZURE_AUTHORITY_HOST": "login.local"},
            ("AzureCloud", "https://arm.local:8443", "https://login.local", "api://x"),
            id="private",
        ),
        pytest.param(
            {},
            {"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/"},
            ("AzureCloud", "", "https://login.microsoftonline.us/", ""),
            id="authority",
        ),
    ],
)
def test_cloud(given: dict[str, str], more: dict[str, str], expected: tuple[str, ...]) -> None:
    cloud = parsed(given, **more).account.cloud
    assert (cloud.environment, cloud.resource_manager_endpoint, cloud.authority_host, cloud.audience) == expected


def test_plan_and_names_of_the_runner() -> None:
    assert parsed({"operation": "Plan"}).plan_only
    assert parsed({}, INPUT_ENTRYPOINT="/bin/sh", INPUT_ARGS="-c x") == parsed()
    assert parsed({"report-path": "out/report.json"}).report_path == "out/report.json"


# -- sign-in ---------------------------------------------------------------------------------------------------------

HOSTED, SELF_HOSTED = {"RUNNER_ENVIRONMENT": "github-hosted"}, {"RUNNER_ENVIRONMENT": "self-hosted"}
NOBODY = {"tenant-id": "", "client-id": ""}
SECRET = {"client-secret": "s3cret"}
NO_OIDC = dict.fromkeys(OIDC, "")


@pytest.mark.parametrize(
    ("given", "more", "expected"),
    [
        pytest.param(SECRET, {}, ClientSecret, id="a-secret-wins-over-oidc"),
        pytest.param(SECRET, NO_OIDC, ClientSecret, id="secret-without-oidc"),
        pytest.param({}, {}, GitHubOidc, id="oidc"),
        pytest.param({}, SELF_HOSTED, GitHubOidc, id="oidc-on-a-self-hosted-runner"),
        pytest.param(SECRET, SELF_HOSTED, ClientSecret, id="secret-on-a-self-hosted-runner"),
        pytest.param(NOBODY, {**SELF_HOSTED, **NO_OIDC}, ManagedIdentity, id="managed-identity"),
        pytest.param(NOBODY, SELF_HOSTED, ManagedIdentity, id="managed-identity-although-oidc-is-there"),
    ],
)
def test_sign_in(given: dict[str, str], more: dict[str, str], expected: type) -> None:
    assert type(parsed(given, **more).account.sign_in) is expected


@pytest.mark.parametrize(
    ("given", "more", "expected"),
    [
        pytest.param({}, NO_OIDC, {"client-secret"}, id="no-secret-no-oidc"),
        pytest.param({}, {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}, {"client-secret"}, id="half-of-oidc"),
        pytest.param({"client-id": ""}, {}, {"client-id"}, id="no-client"),
        pytest.param({"tenant-id": "", **SECRET}, {}, {"tenant-id"}, id="secret-without-tenant"),
        pytest.param(NOBODY, {}, {"tenant-id", "client-id"}, id="nothing"),
        pytest.param(NOBODY, {**HOSTED, **NO_OIDC}, {"tenant-id", "client-id", "client-secret"}, id="hosted"),
        pytest.param({"tenant-id": ""}, {**SELF_HOSTED}, {"tenant-id"}, id="self-hosted-but-a-client-was-given"),
        pytest.param({"tenant-id": "a/b"}, {}, {"tenant-id"}, id="tenant-form"),
        pytest.param({"client-id": "a b"}, {}, {"client-id"}, id="client-form"),
    ],
)
def test_sign_in_refused(given: dict[str, str], more: dict[str, str], expected: set[str]) -> None:
    assert problems(given, **more).keys() == expected


def test_oidc_that_is_missing_says_which_permission() -> None:
    assert "permissions: id-token: write" in problems({}, **NO_OIDC)["client-secret"]


def test_secrets_do_not_show() -> None:
    with_secret, with_oidc = parsed(SECRET).account.sign_in, parsed().account.sign_in
    for shown in (repr(with_secret), str(with_secret), repr(with_oidc), str(with_oidc)):
        assert "s3cret" not in shown
        assert "bearer" not in shown


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("scale-set", "", "is missing. Give the scale set's name, or its whole", id="no-scale-set"),
        pytest.param("scale-set", "a/b", "cannot be such a name. Give the name alone", id="scale-set-form"),
        pytest.param(
            "scale-set", f"{RESOURCE_ID}/extensions/x", "is not the resource id of a scale set", id="not-its-id"
        ),
        pytest.param("scale-set", GALLERY, "is not the resource id of a scale set", id="id-of-something-else"),
        pytest.param("resource-group", "", "is missing. Give it, or a whole resource id", id="no-group"),
        pytest.param("resource-group", "a/b", "cannot be such a name", id="group-form"),
        pytest.param("subscription-id", "", "is missing. Give it, or a whole resource id", id="no-subscription"),
        pytest.param("subscription-id", "my subscription", "cannot be such a name", id="subscription-form"),
        pytest.param("environment", "AzureGermanCloud", "Use one of: AzureCloud, AzureUSGov", id="environment"),
        pytest.param("resource-manager-endpoint", "http://arm.local", "is not an https address", id="http"),
        pytest.param("resource-manager-endpoint", "arm.local", "is not an https address", id="no-scheme"),
        pytest.param("resource-manager-endpoint", "https://", "is not an https address", id="no-host"),
        pytest.param("resource-manager-endpoint", "https://h:99999", "is not an https address", id="port"),
        pytest.param("resource-manager-endpoint", "https://[x", "is not an https address", id="brackets"),
        pytest.param(
            "operation", "rollback", "'rollback' is not one of its values. Use one of: upgrade, plan", id="op"
        ),
        pytest.param("strategy", "all", "Use one of: update-domain.", id="strategy"),
        pytest.param("image-version", "", "no image is asked for", id="no-image"),
        pytest.param("image-version", "Latest", "`latest` is not accepted", id="latest"),
        pytest.param("image-version", "1.0 beta", "cannot be such a name", id="version-form"),
        pytest.param("image-sku", "a:b", "cannot be such a name", id="sku-form"),
        pytest.param("image-offer", "a/b", "cannot be such a name", id="offer-form"),
        pytest.param("image-publisher", "a b", "cannot be such a name", id="publisher-form"),
        pytest.param("batch-size", "0", "neither a count of instances nor a percentage", id="batch-of-none"),
        pytest.param("batch-size", "0%", "neither a count of instances nor a percentage", id="no-percent"),
        pytest.param("batch-size", "-1", "neither a count of instances nor a percentage", id="negative"),
        pytest.param("batch-size", "101%", "neither a count of instances nor a percentage", id="too-many-percent"),
        pytest.param("batch-size", "2.5", "neither a count of instances nor a percentage", id="half-an-instance"),
        pytest.param("batch-size", "all", "neither a count of instances nor a percentage", id="word"),
        pytest.param("batch-size", "%", "neither a count of instances nor a percentage", id="sign-alone"),
        pytest.param("bake-time", "soon", "'soon' is not a duration. Write 90s, 5m", id="bake-time"),
        pytest.param("bake-time", "1h", "1h never ends within `batch-timeout` (1h)", id="bake-longer-than-the-batch"),
        pytest.param("health-timeout", "20 minutes", "is not a duration", id="health-timeout"),
        pytest.param("health-timeout", "0", "0 leaves no time at all", id="no-health-timeout"),
        pytest.param("batch-timeout", "0s", "0 leaves no time at all", id="no-batch-timeout"),
        pytest.param("batch-timeout", "1d", "is not a duration", id="days"),
        pytest.param("timeout", "-5m", "is not a duration", id="timeout"),
        pytest.param("timeout", "PT0S", "0 leaves no time at all", id="no-timeout"),
        pytest.param("report-path", "/etc/passwd", "does not name a file below the workspace", id="absolute"),
        pytest.param("report-path", "a/../../b", "does not name a file below the workspace", id="upwards"),
        pytest.param("report-path", "out/", "does not name a file below the workspace", id="folder"),
        pytest.param("report-path", "a\0b", "does not name a file below the workspace", id="nul"),
    ],
)
def test_refused(name: str, value: str, words: str) -> None:
    found = problems({name: value})
    assert found.keys() == {name}
    assert words in found[name]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("image-id", "web", "is not the id of an image", id="image-name"),
        pytest.param("image-id", "https://a/x.vhd", "is not the id of an image", id="image-address"),
        pytest.param("image-id", GALLERY, "names a gallery image without an exact version", id="definition"),
        pytest.param("image-id", f"{GALLERY}/versions/latest", "without an exact version", id="latest-in-a-gallery"),
        pytest.param("image-id", "/SharedGalleries/g/Images/i", "without an exact version", id="shared-definition"),
        pytest.param("image-uri", "web.vhd", "'web.vhd' is not the address of a VHD", id="vhd-name"),
        pytest.param("image-uri", "ftp://a/x.vhd?sig=SECRET", "'ftp://a/x.vhd' is not the address", id="vhd-scheme"),
        pytest.param("image-uri", "https:///x.vhd", "is not the address of a VHD", id="vhd-host"),
    ],
)
def test_refused_image(name: str, value: str, words: str) -> None:
    found = problems({"image-version": "", name: value})
    assert found.keys() == {name}
    assert words in found[name]
    assert "SECRET" not in found[name]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(
            {"image-id": f"{GALLERY}/versions/1.0.0"}, "image-version and image-id name different", id="version-and-id"
        ),
        pytest.param(
            {"image-sku": "s", "image-uri": "https://a/x.vhd"},
            "image-version/image-sku and image-uri name different images. Keep one of them.",
            id="platform-and-uri",
        ),
    ],
)
def test_two_images(given: dict[str, str], words: str) -> None:
    assert words in " ".join(problems(given).values())


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param({"scale-set": RESOURCE_ID, "resource-group": "other"}, "resource-group", id="group"),
        pytest.param({"scale-set": RESOURCE_ID, "subscription-id": "other"}, "subscription-id", id="subscription"),
    ],
)
def test_contradiction_with_the_resource_id(given: dict[str, str], name: str) -> None:
    found = problems(given)
    assert found.keys() == {name}
    assert "'other' contradicts" in found[name]
    assert f"Leave `{name}` out." in found[name]


def test_authority_in_the_environment() -> None:
    assert "is not an https address" in problems({}, AZURE_AUTHORITY_HOST="http://login")["AZURE_AUTHORITY_HOST"]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        pytest.param("SCALE_SET", "Did you mean `scale-set`?", id="underscore"),
        pytest.param("BATCHSIZE", "Did you mean `batch-size`?", id="no-hyphen"),
        pytest.param("IMAGE-VERISON", "Did you mean `image-version`?", id="transposed"),
        pytest.param("XYZZY", "The inputs are: resource-group, scale-set,", id="nothing-near"),
    ],
)
def test_unknown_input(name: str, remedy: str) -> None:
    found = problems({}, **{f"INPUT_{name}": "x"})
    assert found.keys() == {name.lower()}
    assert "there is no input of this name" in found[name.lower()]
    assert remedy in found[name.lower()]


def test_an_unknown_input_is_refused_even_when_empty() -> None:
    assert problems({}, INPUT_BATCHSIZE="").keys() == {"batchsize"}


def test_every_problem_is_told_at_once() -> None:
    found = problems(
        {
            "scale-set": "",
            "resource-group": "",
            "environment": "Mars",
            "operation": "explode",
            "image-version": "latest",
            "batch-size": "0",
            "timeout": "never",
            "report-path": "/x",
        },
        INPUT_SPEED="fast",
        **NO_OIDC,
    )
    assert list(found) == [
        "speed",
        "scale-set",
        "resource-group",
        "environment",
        "client-secret",
        "image-version",
        "batch-size",
        "timeout",
        "operation",
        "report-path",
    ]


def test_the_sentence_of_the_error_names_the_inputs() -> None:
    with pytest.raises(InputError, match=r"2 problem\(s\) with the inputs: batch-size, timeout\."):
        parsed({"batch-size": "x", "timeout": "x"})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"report-path": "a.json", "timeout": "never"}, "a.json", id="whatever-else-is-wrong"),
        pytest.param({"report-path": "/a.json"}, "", id="unusable"),
        pytest.param({}, "", id="not-asked-for"),
    ],
)
def test_usable_report_path(given: dict[str, str], expected: str) -> None:
    assert usable_report_path(environ(given)) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h", 3600),
        ("1h30m", 5400),
        ("1h0m5s", 3605),
        ("PT5M", 300),
        ("pt1h5s", 3605),
        ("5M", 300),
        ("90", 90),
        ("0", 0),
        (" 5m ", 300),
        ("", None),
        ("PT", None),
        ("m", None),
        ("5", 5),
        ("5m1h", None),
        ("5 m", None),
        ("1.5h", None),
        ("-5m", None),
        ("5m;", None),
        ("1d", None),
        ("P1D", None),
        ("5m30", None),
        ("inf", None),
        ("1e3", None),
    ],
    ids=repr,
)
def test_duration(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds
