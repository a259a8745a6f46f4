"""Dates, portal pages and short image names, which log, summary, outputs and record share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import fleet, report_of, run_of
from vmss_upgrade.reporters.sentences import dates
from vmss_upgrade.reporters.sentences.phrases import change_of_image
from vmss_upgrade.reporters.sentences.portal import instance_page, scale_set_page
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.history.run_facts import RunFacts
from vmss_upgrade.rollout.image import Image, ImageKind

FACTS = RunFacts(began_at=1_795_737_600.0)  # 2026-11-27 00:00 UTC
GROUP = "/subscriptions/s/resourceGroups/g r/providers/Microsoft.Compute"
SET = f"{GROUP}/virtualMachineScaleSets/web"
JAMMY = Image(kind=ImageKind.PLATFORM, publisher="Canonical", offer="jammy", sku="22_04-lts-gen2", version="22.04.1")
GALLERY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/apps/images"
WEB = Image(kind=ImageKind.RESOURCE, reference=f"{GALLERY}/web/versions/1.0.0")
MANAGED = Image(kind=ImageKind.RESOURCE, reference="/subscriptions/s/resourceGroups/g/images/web-2026-10")
VHD = Image(kind=ImageKind.VHD, reference="https://store/vhds/web.vhd?sig=secret")


def test_a_moment_counts_from_the_beginning_of_the_run() -> None:
    assert dates.time_of_day(FACTS, 14 * 3600 + 32 * 60) == "14:32 UTC"
    assert dates.date_and_time(FACTS, 86_400) == "2026-11-28 00:00 UTC"
    assert dates.timestamp(FACTS, 5.9) == "2026-11-27T00:00:05Z"


@pytest.mark.parametrize("as_text", [dates.time_of_day, dates.date_and_time, dates.timestamp])
def test_an_unknown_date_is_empty(as_text: object) -> None:
    assert callable(as_text)
    assert as_text(RunFacts(), 1.0) == ""


def report_on(id_: str, *, portal: str = "https://portal.azure.com", is_flexible: bool = False) -> Report:
    report = report_of(run_of(fleet("01")))
    assert report.model is not None
    report.model = replace(report.model, id=id_, is_flexible=is_flexible)
    report.facts = RunFacts(portal=portal)
    return report


@pytest.mark.parametrize(
    ("report", "of_set", "of_instance"),
    [
        pytest.param(
            report_on(SET),
            f"https://portal.azure.com/#resource{SET.replace(' ', '%20')}",
            f"https://portal.azure.com/#resource{SET.replace(' ', '%20')}/virtualMachines/1",
            id="uniform",
        ),
        pytest.param(
            report_on(SET, is_flexible=True),
            f"https://portal.azure.com/#resource{SET.replace(' ', '%20')}",
            f"https://portal.azure.com/#resource{GROUP.replace(' ', '%20')}/virtualMachines/1",
            id="flexible",
        ),
        pytest.param(report_on(SET, portal=""), "", "", id="a-private-cloud"),
        pytest.param(report_on("javascript:x"), "", "", id="no-resource-id"),
        pytest.param(Report(), "", "", id="no-scale-set"),
    ],
)
def test_a_page_of_the_portal(report: Report, of_set: str, of_instance: str) -> None:
    assert scale_set_page(report) == of_set
    assert instance_page(report, "1") == of_instance


@pytest.mark.parametrize(
    ("leaves", "reaches", "words"),
    [
        pytest.param(JAMMY, replace(JAMMY, version="22.04.2"), "22_04-lts-gen2 22.04.1 → 22.04.2", id="version"),
        pytest.param(JAMMY, replace(JAMMY, sku="24_04"), "22_04-lts-gen2 22.04.1 → 24_04 22.04.1", id="sku"),
        pytest.param(None, JAMMY, "22_04-lts-gen2 22.04.1", id="no-previous-image"),
        pytest.param(WEB, WEB.at_version("1.1.0"), "web 1.0.0 → 1.1.0", id="gallery"),
        pytest.param(MANAGED, WEB, "web-2026-10 → web 1.0.0", id="managed-to-gallery"),
        pytest.param(VHD, replace(VHD, reference="https://store/vhds/new.vhd"), "web.vhd → new.vhd", id="vhd"),
    ],
)
def test_a_change_of_image_is_short(leaves: Image | None, reaches: Image, words: str) -> None:
    assert change_of_image(leaves, reaches) == words
