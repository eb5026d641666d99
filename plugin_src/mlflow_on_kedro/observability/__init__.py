"""What a run shows beyond what it logs: autologging, traces, system metrics."""
