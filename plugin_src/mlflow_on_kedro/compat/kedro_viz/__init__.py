"""Experiment tracking of Kedro-Viz before version 11: its datasets, and its sessions."""
