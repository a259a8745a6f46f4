"""The rollout of a set in mode Rolling: Azure makes the batches, and this run follows them."""
