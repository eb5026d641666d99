"""Repeats a recorded run: its command and parameters, and if wished its code and packages."""
