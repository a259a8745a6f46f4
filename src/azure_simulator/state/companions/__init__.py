"""What stands beside the set, at each moment: commands in guests, a changing capacity."""
