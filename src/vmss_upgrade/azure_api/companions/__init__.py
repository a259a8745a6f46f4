"""What stands beside a scale set in Azure: the index that finds it, its limits of scaling, commands in its guests."""
