"""az finds out what the simulated cloud consists of, and signs in to it, as docs/simulator.md describes."""

from pathlib import Path

import pytest

from conformance.az.az_cli import Az, github_token
from conformance.az.signed_in import signed_out


@pytest.mark.parametrize("proof", ["--password any", "--federated-token {assertion}"])
def test_az_signs_in(az: Az, proof: str, tmp_path: Path) -> None:
    mine = signed_out(az, tmp_path / "signed-out")
    mine.output("config set core.instance_discovery=false --only-show-errors")
    mine.output("cloud register --name Mine --endpoint-resource-manager {resource_manager}")
    mine.output("cloud set --name Mine --only-show-errors")
    who = "--service-principal --username {client_id} --tenant {tenant} --only-show-errors"
    (account,) = mine.output(f"login {who} {proof.format(assertion=github_token(az))}")
    ready = az.simulator.ready
    assert (account["id"], account["tenantId"]) == (ready["subscription"], ready["tenant"])
    assert len(mine.output("vmss list-instances {of_set}")) == len(az.instances())
