"""Everything that the plugin uses of MLflow beyond MLflow's documentation.

MLflow may move any of it in a release. So each use is one small function here, named for what it
gives, with a test in ``tests/plugin/mlflow_internals`` that fails when MLflow moves it; a test
asserts that no other module of the plugin imports a private name of MLflow.

=====================  ============================================================================
``run_stack``          each thread's stack of active runs
``mlflow_globals``     the tracking URI and experiment of the whole process
``store_registries``   the stores that MLflow has made for each tracking URI, and how it makes them
``store_classes``      the base classes of stores; importing it imports MLflow
``async_logging``      MLflow's own queue of asynchronous logging
``replaced_functions`` replacing ``mlflow.start_run`` and its like
``trace_client``       sending a trace, whole or span by span
``span_processor``     where the spans of this process begin, and what becomes of them
``llm_costs``          the prices of language models
``autolog_state``      which flavors are autologged, and which wait for an import
``providers``          what MLflow asks for request headers and for the default experiment
``metric_points``      the last point of each metric, with its step
``errors``             MLflow's error for something that does not exist
``tags``               names of tags that MLflow itself sets and reads
``logging_guard``      keeping MLflow's migrations from changing the project's logging
=====================  ============================================================================
"""
