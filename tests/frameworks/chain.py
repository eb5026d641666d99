"""A chain of LangChain, as MLflow takes it: the file is run to make it."""

import mlflow
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnablePassthrough

chain = RunnablePassthrough() | PromptTemplate.from_template("Tell me about {topic}.")
mlflow.models.set_model(chain)
