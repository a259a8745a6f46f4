"""The program `vmss-upgrade`: the action for a terminal, and for pipelines other than GitHub's."""
