function draw() {
  figures.forEach((place, i) => {
    for (const [kind, figure] of Object.entries(place))
      Plotly.react(kind + "-" + i, figure.data, { ...figure.layout, template: theme() }, options);
  });
}

darkMode.addEventListener("change", draw);
draw();
