"""A rollout of 600 instances: it keeps inside Azure's limits, costs little more than Azure itself, and can be read."""

from pathlib import Path

from harness.playing import play


def test_a_large_set_is_rolled_without_a_429(tmp_path: Path) -> None:
    played = play("large", tmp_path, inputs={"bake-time": "0"})
    assert played.exit_code == 0
    assert not [request for request in played.azure.requests if request.status == 429]
    assert played.azure.lowest_available() == 580
    ideal = sum(upgrade.healthy_at - upgrade.started_at for upgrade in played.azure.upgrades)
    assert played.batches_took <= 1.05 * ideal
    assert len(played.summary.encode()) < 1_000_000
    assert len(played.log.splitlines()) < 400
    assert "PG6 UD 4" in played.log
    assert "600 instances in rows that are wholly new" in played.log
