"""Timings of nodes and datasets: as metrics of a run, and as its Gantt chart."""
