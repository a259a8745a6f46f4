"""What happened, how a run ended, and what became of each instance."""
