"""What a scenario describes, and how it is read from YAML or from captured files."""
