"""What happens inside an instance, which Azure does not see."""
