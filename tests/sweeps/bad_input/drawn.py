"""Draws and plays the cases: a. inputs, b. altered answers, c. names, d. errors, e. addresses, f. endless answers."""

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from harness.vocabulary import CHOICES, INPUTS
from sweeps.bad_input.case import Case
from sweeps.bad_input.drawn_addresses import by_addresses
from sweeps.bad_input.drawn_answers import SECRETS, altered_answers, altered_names, errors, renamings, worlds
from sweeps.bad_input.drawn_endless import by_endless
from sweeps.bad_input.hostile_text import texts
from sweeps.bad_input.judge import faults_of_case

LONGEST = 3000  # characters of a printed case, whose texts may be long
ALWAYS = settings(
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
_ALMOST = st.sampled_from(
    (
        "upgrades", "Plan", "1", "3", "101%", "0", "50 %", "PT5M", "1h30", "-5m", "0,1", "[0]", "0;1", "auto ", "yes",
        "22.04", "https://evil.invalid", "http://evil.invalid", "https://u:p@evil.invalid/", "https://azure.invalid:0",
        "https://azure.invalid/?a=b", "azurestack", "record.json", "a/b/c", "../x", "/etc/x", "a" * 300, "./.", "x\x00",
        "/subscriptions/00000000-0000-4000-8000-00000000005b/resourceGroups/g/providers/Microsoft.Compute"
        "/virtualMachineScaleSets/w",
        "https://portal.azure.com/#@t/resource/subscriptions/00000000-0000-4000-8000-00000000005b/resourceGroups/g"
        "/providers/Microsoft.Compute/virtualMachineScaleSets/w/overview", "a:b:c:1.0.0", "a:b:c:lastest", "0 1", "25",
        "/SharedGalleries/g/Images/i", "https://a.blob.core.windows.net/c/x.vhd?sig=abc",
    )
)  # fmt: skip
# Values that a workflow may well have, so that hostile text appears beside valid inputs.
_TAKEN = {
    "operation": tuple(sorted(CHOICES["operation"])),
    "on-failure": ("rollback", "restore-model", "stop"),
    "strategy": ("batch", "zone", "fault-domain", "update-domain"),
    "batch-size": ("1", "50%"),
    "canary": ("1", "2"),
    "update-domains": ("0", "1,0"),
    "instance-ids": ("0,3", '["0", "4"]', "7"),
    "stop-after": ("1", "50%"),
    "not-after": ("17:00 UTC", "17:00 Europe/Berlin", "2126-12-01T17:00+01:00"),
    "min-healthy": ("0", "100%", "3"),
    "protected-instances": ("fail", "skip"),
    "stopped-instances": ("include",),
    "health": ("ignore", "required"),
    "bake-time": ("5s",),
    "wait-for-replication": ("1m",),
    "allow-downtime": ("true",),
    "report-path": ("out/record.json", ""),
    "report-html": ("out/rollout.html", ""),
}
_NAMES = st.sampled_from(sorted(INPUTS))
_UNKNOWN = st.one_of(
    st.sampled_from(("batchsize", "image_version", "operations", "dry-run", "scale set", "entrypoint", "args", "")),
    texts,
)
_ENVIRON = st.sampled_from(
    (
        "AZURE_AUTHORITY_HOST", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "RUNNER_ENVIRONMENT",
        "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "RUNNER_DEBUG",
    )
)  # fmt: skip


@st.composite
def _taken(draw: st.DrawFn) -> dict[str, str]:
    names = draw(st.lists(st.sampled_from(sorted(_TAKEN)), min_size=1, max_size=3, unique=True))
    return {name: draw(st.sampled_from(_TAKEN[name])) for name in names}


_hostile = st.dictionaries(
    st.one_of(_NAMES, _NAMES, _NAMES, _UNKNOWN), st.one_of(texts, _ALMOST), min_size=1, max_size=4
)
inputs = st.one_of(_hostile, _taken(), st.builds(lambda a, b: {**a, **b}, _taken(), _hostile))
environs = st.one_of(
    st.just({}), st.just({"RUNNER_DEBUG": "1"}), st.dictionaries(_ENVIRON, st.one_of(texts, _ALMOST), max_size=2)
)


_secrets = st.sampled_from(("", "", *SECRETS))
_hostile_secrets = texts.map(lambda text: f"Sx9~{text}~k2Lw8")  # no part of it appears elsewhere by chance
_debugged = st.sampled_from(({}, {}, {"RUNNER_DEBUG": "1"}))

by_inputs = st.builds(Case, world=worlds, inputs=inputs, environ=environs, secret=st.one_of(_secrets, _hostile_secrets))
by_answers = st.builds(Case, world=worlds, secret=_secrets, environ=_debugged, alterations=altered_answers)
by_names = st.one_of(
    st.builds(Case, world=worlds, renamed=renamings), st.builds(Case, world=worlds, alterations=altered_names)
)
by_errors = st.builds(Case, world=worlds, secret=_secrets, environ=_debugged, alterations=errors)

_SHORT = (by_inputs, by_answers, by_answers, by_names, by_errors, by_errors, by_addresses, by_addresses)
# Endless answers take ten times as long as others.
cases: st.SearchStrategy[Case] = st.one_of(*_SHORT, *_SHORT, by_endless)


def judge_drawn(drawn: st.SearchStrategy[Case], number: int, size: int) -> tuple[int, tuple[str, ...]]:
    """Play so many cases of a seed. Return their number, and the shortest failing case with its problems."""
    played, wrong = 0, ()

    @seed(number)
    @settings(ALWAYS, max_examples=size)
    @given(drawn)
    def every_case_is_sound(case: Case) -> None:
        nonlocal played, wrong
        played += 1
        if found := faults_of_case(case):
            wrong = (repr(case)[:LONGEST], *found)  # hypothesis tries the shortest case last
            raise AssertionError(found)

    try:
        every_case_is_sound()
    except AssertionError:
        pass
    except Exception as error:  # the error left the action's `run`, which must catch all
        wrong = (f"{type(error).__name__}: {error}",)
    return played, wrong
