(async () => {
  try {
    const script = document.createElement("script");
    script.textContent = await unpack("plotly");
    document.head.append(script);
    const text = await unpack("content");
    const prefersDark = matchMedia("(prefers-color-scheme: dark)");
    const draw = () => {
      const figure = JSON.parse(text);
      document.documentElement.classList.toggle("dark", prefersDark.matches);
      if (prefersDark.matches) {
        figure.layout.font.color = "#E0E0E0";
        for (const shape of figure.layout.shapes) shape.line.color = "#707070";
        for (const note of figure.layout.annotations) {
          if (note.bgcolor) note.bgcolor = "rgba(18,18,18,0.75)";
        }
      }
      Plotly.react("chart", figure.data, figure.layout, { responsive: true, displaylogo: false });
    };
    prefersDark.addEventListener("change", draw);
    draw();
  } catch (error) {
    document.getElementById("message").textContent = `The chart cannot be drawn: ${error}`;
  }
})();
