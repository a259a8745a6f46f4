"""What stands beside the set in a scenario: commands in guests, a changing capacity, autoscale settings and locks."""
