"""What is judged at each look."""
