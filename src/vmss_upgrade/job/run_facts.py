"""What every report says of the run itself: when it began, in which job, by which version."""

from __future__ import annotations

from vmss_upgrade import __version__
from vmss_upgrade.job.clock import date_by
from vmss_upgrade.job.runner import Job
from vmss_upgrade.rollout.history.run_facts import RunFacts


def run_facts_of(job: Job, clock: object) -> RunFacts:
    """Return the facts of a run that begins now, by its clock."""
    return RunFacts(
        began_at=date_by(clock),
        url=job.run_url,
        actor=job.actor,
        attempt=job.attempt,
        version=__version__,
        docs=job.docs_url,
    )
