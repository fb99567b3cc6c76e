const floor = document.getElementById("floor");
function drawMap() {
  const layout = structuredClone(figures.map.layout);
  // Large errors stand out from the page: dark dots on a light one, light dots on a dark one.
  layout.coloraxis.reversescale = !darkMode.matches;
  Plotly.react("map", figures.map.floors[floor.selectedIndex], { ...layout, template: theme() }, options);
}

function draw() {
  Plotly.react("curve", figures.curve.data, { ...figures.curve.layout, template: theme() }, options);
  drawMap();
}

floor.addEventListener("change", drawMap);
darkMode.addEventListener("change", draw);
draw();
