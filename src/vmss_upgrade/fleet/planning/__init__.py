"""The plan of a fleet: finding its scale sets, planning each, and saying what is due."""
