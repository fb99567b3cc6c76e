const { map: floorMap, ...plots } = figures;
const floor = document.getElementById("floor");

function drawMap() {
  const layout = structuredClone(floorMap.layout);
  // Large errors stand out from the page: dark dots on a light one, light dots on a dark one.
  layout.coloraxis.reversescale = !darkMode.matches;
  Plotly.react("map", floorMap.floors[floor.selectedIndex], { ...layout, template: theme() }, options);
}

function draw() {
  for (const [name, plot] of Object.entries(plots))
    Plotly.react(name, plot.data, { ...plot.layout, template: theme() }, options);
  drawMap();
}

floor.addEventListener("change", drawMap);
darkMode.addEventListener("change", draw);
draw();
