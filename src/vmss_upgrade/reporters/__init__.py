"""What happened, turned into text: log, annotations, step summary, outputs. The only user of actions_toolkit."""
