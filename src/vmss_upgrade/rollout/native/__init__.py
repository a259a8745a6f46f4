"""Azure's own rolling upgrades, as sets in mode Rolling have them: what is decided about one."""
