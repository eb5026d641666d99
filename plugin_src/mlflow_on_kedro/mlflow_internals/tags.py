"""Names of tags, trace metadata and span attributes that MLflow itself sets and reads.

They are the values of ``mlflow.utils.mlflow_tags`` and ``mlflow.tracing.constant``, written here so
that this module need not import MLflow.
"""

PARENT_RUN = "mlflow.parentRunId"
RUN_NAME = "mlflow.runName"
DATASET_CONTEXT = "mlflow.data.context"
MODEL_VERSIONS = "mlflow.modelVersions"
IS_PROMPT = "mlflow.prompt.is_prompt"
LINKED_PROMPTS = "mlflow.linkedPrompts"
TRACE_NAME = "mlflow.traceName"
TRACE_RUN = "mlflow.sourceRun"
TRACE_FILES = "mlflow.artifactLocation"
ASSESSMENT_RUN = "mlflow.assessment.sourceRunId"
SPAN_TRACE_ID = "mlflow.traceRequestId"
SPAN_TYPE = "mlflow.spanType"
SPAN_INPUTS = "mlflow.spanInputs"
SPAN_OUTPUTS = "mlflow.spanOutputs"
NOTE = "mlflow.note.content"
SOURCE_NAME = "mlflow.source.name"
SOURCE_TYPE = "mlflow.source.type"
GIT_COMMIT = "mlflow.source.git.commit"
GIT_BRANCH = "mlflow.source.git.branch"
GIT_REPOSITORY = "mlflow.source.git.repoURL"
