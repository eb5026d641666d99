(() => {
  const byId = (id) => document.getElementById(id);
  const place = byId("chart");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const opened = new Set(); // the numbers of the namespaces that show their nodes
  let text; // the figure as JSON
  let content; // the same as an object, which is not changed

  const nameOf = ({ depth, name, failed }, isOpen) => {
    const label = `${"\u2003".repeat(depth)}${isOpen ? "▾" : "▸"} ${failed ? "✕ " : ""}${name}`;
    return failed ? `<b>${label}</b>` : label;
  };

  // The labels in view from top to bottom, and for each node the label of the row that has its bars.
  const rowsInView = () => {
    const labels = new Set();
    const rowOf = new Map();
    for (const [label, path] of content.rows) {
      let row = label;
      for (const number of path) {
        const isOpen = opened.has(number);
        const header = nameOf(content.namespaces[number], isOpen);
        labels.add(header);
        if (!isOpen) {
          row = header;
          break;
        }
      }
      labels.add(row);
      rowOf.set(label, row);
    }
    return { labels: [...labels], rowOf };
  };

  // A copy in the colours of the browser's theme.
  const themedCopy = () =>
    JSON.parse(text, (key, value) =>
      prefersDark.matches && key.endsWith("color") && Object.hasOwn(content.dark, value)
        ? content.dark[value]
        : value,
    );

  const moveIntoRows = (figure) => {
    const { labels, rowOf } = rowsInView();
    for (const trace of figure.data.filter((trace) => trace.y[0] !== null)) {
      const rows = trace.y.map((label) => rowOf.get(label));
      if (trace.mode === "text") {
        trace.text = trace.text.map((duration, at) => (rows[at] === trace.y[at] ? duration : ""));
        for (const [number, namespace] of content.namespaces.entries()) {
          const label = nameOf(namespace, opened.has(number));
          if (labels.includes(label)) {
            trace.x.push(namespace.end);
            rows.push(label);
            trace.text.push(namespace.text);
          }
        }
      }
      trace.y = rows;
    }
    const { layout } = figure;
    layout.yaxis.categoryarray = labels;
    layout.yaxis.range = [labels.length - 0.5, -0.5];
    layout.yaxis.uirevision = [...opened].join(); // otherwise a zoom stays
    if (content.has_own_height) return;
    const heightOf = (rows) => Math.min(content.row_height * Math.max(rows, 2), content.max_plot_height);
    const height = layout.height + heightOf(labels.length) - heightOf(content.rows.length);
    for (const part of [layout.title, layout.legend]) {
      part.y = 1 - ((1 - part.y) * layout.height) / height; // as many pixels from the top as before
    }
    layout.height = height;
    layout.yaxis.tickfont.size = Math.max(9, Math.min(12, (heightOf(labels.length) / labels.length) * 0.7));
  };

  // Plotly shows numbers as the browser's local time, and texts as they are. Texts with the offset of
  // the begin make no gap where summer time begins or ends.
  const toLocalTime = (figure) => {
    const { xaxis } = figure.layout;
    const offset = new Date(xaxis.range[0]).getTimezoneOffset(); // minutes, negative in the east
    const move = (time) => {
      if (typeof time !== "number") return time;
      const local = time - offset * 60_000;
      const microseconds = String(Math.floor((local % 1) * 1000)).padStart(3, "0");
      return new Date(local).toISOString().replace("Z", microseconds);
    };
    for (const trace of figure.data) {
      const key = trace.base ? "base" : "x";
      trace[key] = trace[key].map(move);
    }
    for (const axis of [xaxis, figure.layout.xaxis2]) if (axis) axis.range = axis.range.map(move);
    if (xaxis.title?.text !== "Local time") return; // the user's own
    const two = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
    xaxis.title.text += ` (UTC${offset > 0 ? "-" : "+"}${two(hours)}:${two(minutes)})`;
  };

  const draw = () => {
    const figure = themedCopy();
    if (content.rows.length) {
      if (content.namespaces.length) moveIntoRows(figure);
      toLocalTime(figure);
    }
    const { layout } = figure;
    layout.uirevision = "the user's zoom stays";
    const isDark = prefersDark.matches && Object.keys(content.dark).length > 0;
    document.documentElement.classList.toggle("dark", isDark);
    document.body.style.background = layout.paper_bgcolor;
    document.body.style.color = layout.font.color;
    // Or the page's scroll bar would appear once the chart has taken the whole width, and cover it.
    place.style.minHeight = `${layout.height}px`;
    return Plotly.react(place, figure.data, layout, {
      displaylogo: false,
      responsive: true,
      modeBarButtonsToRemove: ["select2d", "lasso2d"],
    });
  };

  const numberOf = (label) =>
    content.namespaces.findIndex((namespace) =>
      [true, false].some((isOpen) => nameOf(namespace, isOpen) === label),
    );

  const toggle = (number) => {
    if (number < 0) return;
    if (!opened.delete(number)) opened.add(number);
    draw();
  };

  // The labels of namespaces are buttons, by mouse and by keyboard.
  const makeButtons = () => {
    for (const label of place.querySelectorAll(".ytick text")) {
      const number = numberOf(label.dataset.unformatted);
      if (number < 0 || label.getAttribute("role") === "button") continue;
      label.style.pointerEvents = "all";
      label.style.cursor = "pointer";
      label.setAttribute("role", "button");
      label.setAttribute("tabindex", "0");
      label.setAttribute("aria-expanded", opened.has(number));
      label.addEventListener("click", () => toggle(number));
      label.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          toggle(number);
        }
      });
    }
  };

  const start = async () => {
    if (typeof DecompressionStream === "undefined") {
      byId("message").textContent =
        "This chart needs a newer browser: Chrome or Edge 80, Firefox 113, Safari 16.4, or later.";
      return;
    }
    const [source, json] = await Promise.all([unpack("plotly"), unpack("content")]);
    const script = document.createElement("script");
    script.textContent = source;
    document.head.append(script);
    [text, content] = [json, JSON.parse(json)];
    await draw();
    prefersDark.addEventListener("change", draw);
    if (!content.namespaces.length) return;
    byId("buttons").hidden = false;
    byId("open").addEventListener("click", () => {
      content.namespaces.forEach((_, number) => opened.add(number));
      draw();
    });
    byId("close").addEventListener("click", () => {
      opened.clear();
      draw();
    });
    place.on("plotly_afterplot", makeButtons);
    place.on("plotly_click", ({ points }) => toggle(numberOf(points[0].y)));
    makeButtons();
  };

  start().catch((error) => {
    byId("message").textContent = `The chart could not be drawn: ${error.message}`;
  });
})();
