"""What carries a rollout out: the only room where time passes and Azure is written to."""
