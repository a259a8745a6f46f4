"""What probes of the user's service found, address by address."""

from __future__ import annotations

from vmss_upgrade.reporters.sentences.proof import gap_in_words, proof
from vmss_upgrade.reporters.step_summary.markup import capitalised, name_of, said, table
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.wording import duration, sentence


def probes(report: Report) -> list[str]:
    """Return the proof, and how each address answered; nothing without probes."""
    if not report.probes:
        return []
    rows = [
        (
            name_of(each.address),
            f"{each.sent:,}",
            f"{each.failed:,}",
            gap_in_words(each.longest_gap) if each.longest_gap else "none",
            duration(each.unobserved),
        )
        for each in report.probes
    ]
    heading = ("Address", "Sent", "Failed", "Longest gap", "Unobserved")
    return ["### Probes", "", said(sentence(capitalised(proof(report)))), "", *table(heading, rows, align=" rr r")]
