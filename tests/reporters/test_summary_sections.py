"""The sections of the step summary: short images, folded commands, the approver's plan, bars, dates and links."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hostile import TEXT, assert_sound

from builders import NEW, changed, fleet, report_of, run_of
from vmss_upgrade.reporters.sanitiser.text import sentence
from vmss_upgrade.reporters.sentences.limits import estimate, limits
from vmss_upgrade.reporters.step_summary import as_markdown
from vmss_upgrade.reporters.step_summary.markup import capitalised, link
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.history.events import BatchProgressed, Event, Noticed, Phase
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.history.run_facts import RunFacts
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.plan_hash import inputs_of
from vmss_upgrade.rollout.policy import LatestEnd, Policy, Selection, Share

FAILED = Failure(instance_id="1", code="NotHealthy", message="health is unhealthy")
PLANNED = Ending(outcome=Outcome.PLANNED, reason="Only a plan was asked for.")
FACTS = RunFacts(
    began_at=1_795_737_600.0,  # 2026-11-27 00:00 UTC
    url="https://github.com/contoso/fleet/actions/runs/1/attempts/2",
    actor="octocat",
    attempt="2",
    portal="https://portal.azure.com",
    version="1.1.0",
)


def with_facts(events: list[Event], facts: RunFacts = FACTS) -> Report:
    report = report_of(events)
    report.facts = facts
    return report


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        pytest.param("See `timeout`.", "See <code>timeout</code>.", id="input"),
        pytest.param("Use `canary: 1`.", "Use <code>canary: 1</code>.", id="value"),
        pytest.param("`az vm list -o x|y`", "<code>az vm list -o x&#124;y</code>", id="command"),
        pytest.param("`Microsoft.Compute/images/read`", "<code>Microsoft.Compute/images/read</code>", id="action"),
        pytest.param("set a`b in `timeout`", "set a&#96;b in <code>timeout</code>", id="a-foreign-backtick"),
        pytest.param("`x` [x](y)", "<code>x</code> &#91;x&#93;(y)", id="foreign"),
        pytest.param("`image-id: <img>`", "<code>image-id: &#60;img&#62;</code>", id="markup-inside"),
        pytest.param("`<b>` `a b c`", "<code>&#60;b&#62;</code> &#96;a b c&#96;", id="none-of-ours"),
        pytest.param("Give `5`.", "Give <code>5</code>.", id="digit"),
        pytest.param("as `/CommunityGalleries/...`", "as <code>/CommunityGalleries/...</code>", id="path"),
        pytest.param("by `with:`", "by <code>with:</code>", id="key"),
        pytest.param("`osState: Generalized`", "<code>osState: Generalized</code>", id="value-of-a-setting"),
        pytest.param("with `aks-engine upgrade`", "with <code>aks-engine upgrade</code>", id="another-command"),
        pytest.param("Did you mean `25%`?", "Did you mean <code>25%</code>?", id="percentage"),
        pytest.param("Did you mean `30m`?", "Did you mean <code>30m</code>?", id="duration"),
    ],
)
def test_only_code_spans_of_ours_are_code(text: str, markdown: str) -> None:
    assert sentence(text) == markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("batch 2 failed", "Batch 2 failed", id="word"),
        pytest.param("upgradePolicy.mode is x", "upgradePolicy.mode is x", id="setting"),
        pytest.param("simulated-set has", "simulated-set has", id="name"),
        pytest.param("", "", id="empty"),
    ],
)
def test_a_name_gets_no_capital(text: str, shown: str) -> None:
    assert capitalised(text) == shown


@pytest.mark.parametrize(
    ("address", "markdown"),
    [
        pytest.param("https://x.y/#resource/a%20b", "[t](https://x.y/#resource/a%20b)", id="portal"),
        pytest.param("javascript:alert(1)", "t", id="script"),
        pytest.param("https://x.y/a)](z", "[t](https://x.y/a%29%5D%28z)", id="brackets"),
        pytest.param("", "t", id="none"),
    ],
)
def test_only_addresses_of_the_web_become_links(address: str, markdown: str) -> None:
    assert link("t", address) == markdown


def test_commands_are_folded_and_broken_into_lines() -> None:
    markdown = as_markdown(report_of(run_of(fleet("0011"), failures=(FAILED,))))
    assert "<summary>To put the previous image back into the model</summary>" in markdown
    assert "```sh\naz vmss update \\\n  --subscription 00000000-1111-2222-3333-444444444444 \\\n" in markdown
    assert (
        "  -g rg -n web \\\n  --set virtualMachineProfile.storageProfile.imageReference.version=1.0.0\n```" in markdown
    )


def test_a_hostile_run_with_all_facts_is_sound() -> None:
    facts = RunFacts(began_at=0.0, url=TEXT, actor=TEXT, attempt=TEXT, portal=TEXT, version=TEXT)
    failure = replace(FAILED, instance_id=f"1{TEXT}", code=TEXT)
    events = run_of(fleet("0011", name=TEXT), failures=(failure,))
    assert_sound(as_markdown(with_facts(events, facts)))
    assert_sound(as_markdown(with_facts(run_of(fleet("0011", name=TEXT), ending=PLANNED, batches=0), facts)))


def test_the_facts_of_a_run() -> None:
    markdown = as_markdown(with_facts(run_of(fleet("0011"), failures=(FAILED,))))
    page = (
        "https://portal.azure.com/#resource/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/rg"
        "/providers/Microsoft.Compute/virtualMachineScaleSets/web"
    )
    assert markdown.rstrip().endswith(
        "---\n\n2026-11-27 00:00 to 00:01 UTC · [workflow run](https://github.com/contoso/fleet/actions/runs/1/attempts/2),"
        f" attempt 2, started by octocat · [scale set in the portal]({page}) · vmss-upgrade 1.1.0"
    )
    assert f"- Instance [<code>1</code>]({page}/virtualMachines/1): <code>NotHealthy</code>" in markdown
    assert "- Batch 1, UD 0, at 00:00 UTC: <code>0, 1</code>" in markdown


def test_the_plan_for_its_approver() -> None:
    scale_set = fleet("001122", new="0")
    warning = Noticed(at=1.0, finding=Finding(Severity.WARN, "Look at `timeout`."))
    events = run_of(scale_set, ending=PLANNED, batches=0)
    markdown = as_markdown(report_of([*events[:-1], warning, events[-1]]))
    headings = [line.removeprefix("### ") for line in markdown.splitlines() if line.startswith("### ")]
    assert headings == [
        "⚠️ Warnings", "What will be done", "Running now", "Instances", "3 batches, one after the other", "Limits",
    ]  # fmt: skip
    assert "<br>5 of 6 to upgrade · 3 batches · at most 2 away at once" in markdown
    assert "| Blast&nbsp;radius | At most 2 of 6 instances are away at once" in markdown
    assert "| Duration | About 10m to 32m: 3 batches one after the other" in markdown
    report = report_of(events)
    assert report.planned is not None
    assert f"| Plan&nbsp;hash | <code>{report.planned.hash}</code>, for <code>expect-plan</code>" in markdown
    assert "| 5 | 22_04-lts 1.0.0, in the model |\n| 1 | 22_04-lts 2.0.0 |" in markdown
    assert "| <code>min-healthy</code> | 50% of the instances that run |" in markdown
    assert markdown.count(f"<code>{NEW}</code>") == 1, "the full id once, as code"


def test_a_plan_names_every_limit() -> None:
    policy = Policy(
        batch_size=Share(3),
        stop_after=Share(2),
        bake_time=0.0,
        selection=Selection(zones=("1", "2")),
        allow_downtime=True,
    )
    values = dict(limits(policy, HealthSignal.PROBE))
    assert values["zones"] == "1, 2"
    assert values["not-after"] == "none"
    end = LatestEnd("17:00 Europe/Berlin", "2026-01-02 16:00 UTC", 60.0)
    assert dict(limits(Policy(not_after=end), HealthSignal.PROBE))["not-after"] == (
        "17:00 Europe/Berlin (2026-01-02 16:00 UTC)"
    )
    assert (values["batch-size"], values["stop-after"], values["bake-time"]) == ("3", "2", "0s")
    assert (values["min-healthy"], values["allow-downtime"]) == ("none", "true")
    assert dict(limits(Policy(), HealthSignal.NONE))["canary"] == "1"
    chosen = Selection(update_domains=(0,), fault_domains=(0,), zones=("1",), instance_ids=("0",))
    assert dict(limits(Policy(selection=chosen), HealthSignal.PROBE)).keys() == inputs_of(Policy()).keys()


def test_no_estimate_without_a_batch() -> None:
    assert estimate(report_of(run_of(fleet("01", new="0 1", image=NEW)))) == ""


def test_the_slowest_instance_of_a_batch() -> None:
    scale_set = fleet("0011")
    events = run_of(scale_set)
    started = next(i for i, event in enumerate(events) if type(event).__name__ == "UpgradeEnded")
    batch = report_of(events).batches[0].batch
    seen = changed(scale_set, "0", image=NEW).instances
    look = BatchProgressed(at=40.0, batch=batch, phase=Phase.GETTING_READY, until=99.0, pending=(), instances=seen)
    markdown = as_markdown(report_of([*events[: started + 1], look, *events[started + 1 :]]))
    assert "| ✅&nbsp;1:&nbsp;UD&nbsp;0 | ████ 1m40s | <code>1</code> 1m40s |" in markdown


def test_batches_across_the_set_have_no_domain() -> None:
    markdown = as_markdown(report_of(run_of(fleet("--------"), policy=Policy(batch_size=Share(4)), batches=1)))
    assert "| ✅&nbsp;1 | ████ 1m40s |" in markdown
    assert "\nNot started: batch 2.\n" in markdown


def test_one_reason_of_a_refusal_is_said_once() -> None:
    refusal = Noticed(at=1.0, finding=Finding(Severity.REFUSE, "wrong.", "Do it."))
    ending = Ending(outcome=Outcome.REFUSED, reason="wrong.", remedy="Do it.")
    markdown = as_markdown(report_of([refusal, run_of(fleet("01"), ending=ending)[-1]]))
    assert (markdown.count("rong."), markdown.count("Do it.")) == (1, 1)


def test_no_output_value_is_a_headline() -> None:
    for outcome in Outcome:
        first = as_markdown(report_of(run_of(fleet("01"), ending=Ending(outcome=outcome, reason="x")))).split("\n")[0]
        assert "-" not in first, "such as rolled-back"
        assert first.startswith("## ")
