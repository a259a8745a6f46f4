"""How a rolling upgrade goes: what it divides the set into, and what it does next."""
