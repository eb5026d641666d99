"""What nodes, hooks and datasets call of MLflow themselves lands in the pipeline's run or below it.

What happens when a node calls ``mlflow.log_metric`` and MLflow asks for the active run:

- The thread's stack of active runs is empty, or has the run that :func:`.fluent.attach` has put
  there before the node. An empty one, as in a thread that the node has started or in a forked
  worker, gets the pipeline's run now (:mod:`.active_stack`).
- **The server is up.** MLflow calls its own store for the server, whose method
  :mod:`.outage_fallback` has replaced by one of :mod:`.store_calls`. That calls the server
  (:mod:`.server_call`): the metric is in MLflow when ``log_metric`` returns.
- **The server is down.** After ``tracking.timeout`` seconds without an answer the same call writes
  the metric into the run's journal (:mod:`.journal_store`), from which it is delivered later. The
  next calls go there at once, until the server is tried again ten seconds later.
- **The server has not answered yet, or tracking is offline.** MLflow has no run, so the active run
  is a placeholder with an id of the plugin's own (:mod:`.placeholder_run`). What is logged to that
  id goes to the journal. Offline, the tracking URI itself is that of the journal
  (:mod:`.journal_uri`), so nothing calls a server.
- **In a process that the node spawns**, the run arrives with the process's configuration
  (:mod:`.spawned_processes`); then all is as above. Other programs get the parent of their runs
  from the environment (:func:`.fluent.attach`).

With ``trace`` in mlflow.yml, spans that nodes make with MLflow are below their nodes in the
pipeline's trace, and go to the journal in any case (:mod:`.node_spans`).

Artifacts, models and traces that do not reach the server wait in a folder; when the node ends
(:mod:`.node_end`) they become entries of the journal. A run that a node starts is a child of the
pipeline's (:mod:`.run_functions`), with a journal of its own while the server is down
(:mod:`.child_runs`).
"""
