"""What a node used, in the words of charts and pages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..journal.usage import CPU, MEMORY, Usage

_GPU = re.compile(r"gpu_(\d+)_(utilization_percentage|memory_usage_megabytes)")
_MOST_GPUS = 8
_GIGABYTE = 1000
"""In megabytes."""


def usage_lines(usages: Sequence[Usage]) -> list[str]:
    """Write means and peaks, a line for each thing and each GPU.

    Example:
        >>> usage_lines([Usage("process_cpu_percentage", 98.2, 180.0)])
        ['CPU mean 98 %, peak 180 % of a core']
        >>> usage_lines([Usage("gpu_0_memory_usage_megabytes", 800.0, 12_000.0)])
        ['GPU 0: memory mean 800 MB, peak 12.0 GB']
    """
    known = {usage.name: usage for usage in usages}
    lines = []
    if cpu := known.get(CPU):
        lines.append(f"CPU {_both(cpu)} of a core")
    if memory := known.get(MEMORY):
        lines.append(f"memory {_both(memory)}")
    gpus = _gpus(usages)
    for number, parts in gpus[:_MOST_GPUS]:
        texts = [f"{'memory ' if _is_memory(part) else ''}{_both(part)}" for part in parts]
        lines.append(f"GPU {number}: {'; '.join(texts)}")
    if len(gpus) > _MOST_GPUS:
        lines.append(f"and {len(gpus) - _MOST_GPUS} more GPUs")
    return lines


def peaks_in_words(usages: Sequence[Usage]) -> str:
    """Write the peaks in one line.

    Example:
        >>> memory = Usage("process_memory_megabytes", 400.0, 512.0)
        >>> peaks_in_words([memory, Usage("gpu_0_utilization_percentage", 60.0, 99.0)])
        'memory 512 MB, GPU 0 99 %'
    """
    known = {usage.name: usage for usage in usages}
    texts = []
    if cpu := known.get(CPU):
        texts.append(f"CPU {_amount(cpu, cpu.peak)}")
    if memory := known.get(MEMORY):
        texts.append(f"memory {_amount(memory, memory.peak)}")
    for number, parts in _gpus(usages):
        peaks = " and ".join(_amount(part, part.peak) for part in parts)
        texts.append(f"GPU {number} {peaks}")
    return ", ".join(texts)


def _gpus(usages: Sequence[Usage]) -> list[tuple[int, list[Usage]]]:
    """Return each GPU's number, and what is known of it: utilisation before memory."""
    by_number: dict[int, list[Usage]] = {}
    for usage in sorted(usages, key=_is_memory):
        if found := _GPU.fullmatch(usage.name):
            by_number.setdefault(int(found[1]), []).append(usage)
    return sorted(by_number.items())


def _is_memory(usage: Usage) -> bool:
    return usage.name.endswith("megabytes")


def _both(usage: Usage) -> str:
    return f"mean {_amount(usage, usage.mean)}, peak {_amount(usage, usage.peak)}"


def _amount(usage: Usage, value: float) -> str:
    if not _is_memory(usage):
        return f"{value:.0f} %"
    return f"{value:.0f} MB" if round(value) < _GIGABYTE else f"{value / _GIGABYTE:.1f} GB"
