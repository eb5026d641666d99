"""The colours of the Gantt chart: on a light background, and what replaces them on a dark one."""

from __future__ import annotations

BACKGROUND, INK, FAINT, GRID = "#fff", "#1F272D", "#5F7281", "#E8EDF1"

COLORS = {"run": "#0060A8", "load": "#7F8FA6", "save": "#00906A", "failed": "#D55E00"}
"""The default colours of bars. With every kind of colour blindness, simulated, any two of them
differ by 18 or more (CIE76), also after :data:`DARK` has replaced them; the contrast of each with
the background is 3:1 or more (WCAG 1.4.11)."""

CRITICAL, CRITICAL_FILL = "#B7791F", "rgba(246, 195, 68, 0.3)"
"""The frame and the surface behind the bars of the critical path, on both backgrounds."""

DARK = {
    BACKGROUND: "#14181D",
    INK: "#E3E8ED",
    FAINT: "#9AA9B5",
    GRID: "#2A323A",
    COLORS["run"]: "#6CB2FF",
}
"""A colour -> what the page shows instead of it where the browser prefers a dark theme."""
