"""Azure, as the driver needs it. The only importer of `azure.*`."""
