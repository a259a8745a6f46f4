"""The state that the main step leaves for the post step."""
