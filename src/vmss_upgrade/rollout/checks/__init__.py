"""What must hold before anything is written, each check turns values into findings."""
