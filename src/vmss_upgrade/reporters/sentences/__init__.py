"""The sentences and tables that log, summary, outputs and record share: made once, foreign texts still raw in them."""
