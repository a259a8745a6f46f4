"""The scale set and its instances as they are at each moment, and what requests do to them."""
