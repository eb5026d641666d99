"""How each kind of entry is sent to MLflow."""

from __future__ import annotations

from typing import Any

from ..journal.entries import (
    CallSpan,
    End,
    Entry,
    File,
    Input,
    Loaded,
    Metric,
    Model,
    Page,
    PageFile,
    Param,
    Prompt,
    Register,
    SpanRecord,
    Summary,
    Tag,
    Text,
    Trace,
    TraceNotes,
    Unlogged,
)
from .uploader import MakeUploads, Uploader
from .value_requests import ValueRequest, log_batch, log_inputs, log_spans

VALUE_REQUESTS: dict[type[Entry], ValueRequest] = {
    Param: log_batch,
    Metric: log_batch,
    Tag: log_batch,
    Input: log_inputs,
    CallSpan: log_spans,
}
"""The request for each kind of value."""

UPLOADS: dict[type[Entry], MakeUploads[Any]] = {
    Text: Uploader.text,
    Page: Uploader.page,
    File: Uploader.file,
    PageFile: Uploader.page_file,
    Model: Uploader.model,
    Trace: Uploader.trace,
    Register: Uploader.registration,
    Prompt: Uploader.prompt,
}
"""The uploads for each kind of entry in the lane of files."""

AT_THE_END: tuple[type[Entry], ...] = (SpanRecord, TraceNotes, Loaded, Summary, End)
"""Sent when the run ends: spans are its timeline and, with notes, its trace; what was loaded is a
file of it, the summary is its description, and the end is its status."""

LOCAL_ONLY: tuple[type[Entry], ...] = (Unlogged,)
"""Never sent."""
