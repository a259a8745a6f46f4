"""Late reads of the model: they show an earlier state."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.playing import play
from harness.scenarios import fleet_of, model_change


@pytest.mark.parametrize("seconds", [3, 20])
def test_the_run_waits_for_a_late_etag(seconds: float, tmp_path: Path) -> None:
    """Somebody tags the set as the run begins: the ETag that is read is older than that, and Azure refuses it."""
    late = {"kind": "model-lags", "seconds": seconds}
    played = play(fleet_of((2, 2), faults=[late, model_change({"tags": {"owner": "somebody"}}, at=0.1)]), tmp_path)
    assert played.outcome == "succeeded", played.log
    assert [write.status for write in played.writes if write.method == "PATCH"] == [412, 200]
    assert "the model still shows the ETag that Azure has refused" in played.log
