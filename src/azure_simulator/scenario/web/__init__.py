"""The services outside Azure that a scenario names, and what each request to them is answered with."""
