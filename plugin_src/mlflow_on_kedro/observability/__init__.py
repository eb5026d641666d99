"""What a run can show beyond what it logs: autologging, traces and system metrics."""
