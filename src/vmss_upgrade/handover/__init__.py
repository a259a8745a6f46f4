"""What the main step leaves for the post step."""
