"""What happens to a run when its server, its disk or its process fails; all of it for real."""
