"""The runner's job: its environment, its clock, its signals."""
