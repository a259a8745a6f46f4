"""What must hold before anything is written, each check from values to findings."""
