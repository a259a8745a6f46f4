"""Azure's token buckets: what each request spends, and the headers that show what is left."""
