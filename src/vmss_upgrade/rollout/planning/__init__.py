"""Planning: which instances move, in what order, in which batches."""
