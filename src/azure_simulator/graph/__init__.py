"""The query language of Resource Graph, as far as it is simulated, and the rows that a query gives."""
