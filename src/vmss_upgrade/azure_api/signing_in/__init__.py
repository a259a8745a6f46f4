"""Signing in: a token for Azure, by the way that the inputs decided, or the reason why there is none."""
