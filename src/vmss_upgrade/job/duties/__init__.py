"""What the post step does for a main step that was killed or cancelled: a file for each duty."""
