"""The input `surge`."""

from __future__ import annotations

from vmss_upgrade.inputs.form import Form
from vmss_upgrade.rollout.policy import Share


def surge_of(form: Form) -> Share | None:
    """Return how many new instances the rollout begins with; None if it begins with the old ones."""
    share = form.share("surge", least=1, what="a count of new instances nor a percentage of the scale set")
    if share and form["allow-downtime"].lower() == "true":
        lack = f"{share} contradicts `allow-downtime: true`, which lets every instance be away at once"
        form.problem("surge", lack, "Leave one of the two out.")
    return share
