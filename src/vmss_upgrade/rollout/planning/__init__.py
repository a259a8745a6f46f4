"""Which instances move, in what order, in which batches."""
