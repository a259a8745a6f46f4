"""What stands beside the set, as Azure writes it: commands in guests, autoscale settings and locks."""
