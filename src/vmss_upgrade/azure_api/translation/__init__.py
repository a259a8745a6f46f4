"""Azure's JSON -> our nouns. Pure, and tolerant: whatever is missing or odd reads as nothing, and nothing raises."""
