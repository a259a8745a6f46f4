"""From a request to an answer: one file per resource, beside what all of them need."""
