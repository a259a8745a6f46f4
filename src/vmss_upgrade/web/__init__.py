"""HTTP to addresses that the workflow names: how one is read, and what is sent there."""
