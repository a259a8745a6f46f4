"""What a rehearsal on a copy of the scale set found."""
