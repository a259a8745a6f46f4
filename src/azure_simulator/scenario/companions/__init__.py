"""What stands beside the set in a scenario: commands in guests."""
