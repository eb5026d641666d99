"""When what ran: timings as metrics of a run, and the Gantt chart that is drawn from them."""
