"""Addresses of pages in Azure's portal; each is empty if the portal of the cloud, or the resource, is not known.

Source: the portal opens `PORTAL/#resource` with a resource id after it.
"""

from __future__ import annotations

from urllib.parse import quote

from vmss_upgrade.rollout.history.report import Report


def scale_set_page(report: Report) -> str:
    """Return the address of the scale set's page."""
    return _page(report, report.model.id) if report.model else ""


def instance_page(report: Report, instance_id: str) -> str:
    """Return the address of an instance's page. An instance of a Flexible set is a virtual machine of its own."""
    model = report.model
    if model is None or not model.id:
        return ""
    if model.is_flexible:
        compute = model.id.lower().find("/virtualmachinescalesets/")
        return _page(report, f"{model.id[:compute]}/virtualMachines/{instance_id}") if compute >= 0 else ""
    return _page(report, f"{model.id}/virtualMachines/{instance_id}")


def _page(report: Report, resource_id: str) -> str:
    portal = report.facts.portal
    return f"{portal}/#resource{quote(resource_id)}" if portal and resource_id.startswith("/") else ""
