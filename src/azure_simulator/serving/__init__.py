"""The simulator over HTTPS, for clients in other processes and containers."""
