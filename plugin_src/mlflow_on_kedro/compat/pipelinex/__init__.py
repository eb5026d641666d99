"""What a project of PipelineX has, as this plugin writes it: catalog entries, hooks and imports.

Pure functions over tables, as in :mod:`..kedro_mlflow`.
"""
