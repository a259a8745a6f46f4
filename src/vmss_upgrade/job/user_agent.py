"""How the action names itself to Azure."""

from __future__ import annotations

from collections.abc import Mapping

from vmss_upgrade import __version__


def user_agent(environ: Mapping[str, str]) -> str:
    """Project, repository and run, so that Azure's activity log says who it was. Printable ASCII only."""
    repository = environ.get("GITHUB_REPOSITORY", "")
    run_id = environ.get("GITHUB_RUN_ID", "")
    where = f" ({repository}; run {run_id})" if repository else ""
    return "".join(c for c in f"vmss-upgrade/{__version__}{where}" if " " <= c <= "~")
