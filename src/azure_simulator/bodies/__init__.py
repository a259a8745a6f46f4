"""The JSON that Azure writes about the state: one file per resource."""
