"""The inputs that say who signs in."""
