"""Sweeps: whole runs by the thousand. They share the harness, and nothing else."""
