"""What a run does around its batches so that no request is lost: hooks, draining, surge, probes."""
