"""Clients of the instances, and the load balancer before them: state as a function of time, nothing runs."""
