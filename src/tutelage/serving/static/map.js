// The map: floors, plans, rooms and layers. Positions are metres of the survey, x to the right and y up.
import { $, ago, counted, element, fillList, fillSelect, number, percent, say, span, text } from "./page.js";
import { attempt, call, now, on, path, state, tell } from "./service.js";

export const at = (x, y) => L.latLng(y, x);
export const map = L.map("map", {
  crs: L.CRS.Simple, preferCanvas: true, attributionControl: false, zoomControl: false, minZoom: -3, maxZoom: 8,
  zoomSnap: 0.25, zoomDelta: 0.5, wheelPxPerZoomLevel: 120, fadeAnimation: false,
}).setView([0, 0], 3);
L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
const pane = (name, zIndex) => Object.assign(map.createPane(name).style, { zIndex }) && L.layerGroup().addTo(map);
const [plans, rooms, places] = [pane("plans", 200), pane("rooms", 250), pane("places", 300)];
const [roomCanvas, placeCanvas] = ["rooms", "places"].map((name) => L.canvas({ pane: name }));
map.on("zoomend", () => $("map").classList.toggle("far", map.getZoom() < 3));
new ResizeObserver(() => map.invalidateSize()).observe($("map"));

// A colour of the stylesheet in the present theme, for the canvas.
export function colour(name) {
  $("news").style.outlineColor = `var(--${name})`;
  return getComputedStyle($("news")).outlineColor;
}

export const natural = new Intl.Collator(undefined, { numeric: true }).compare;
export const isHere = (item) => ["building", "floor"].every((label) => (item[label] ?? state[label]) === state[label]);

function labels(label) {
  const items = [...state.plans, ...state.rooms].map((item) => item[label]);
  const all = new Set([...state.models.flatMap((model) => model[`${label}s`]), ...items]);
  const sorted = [...all].filter((each) => each != null).sort(natural);
  if (!sorted.includes(state[label])) state[label] = sorted[0] ?? null;
  return sorted;
}

function drawFloors() {
  const [buildings, floors] = [labels("building"), labels("floor").reverse()];
  fillSelect($("building"), buildings);
  $("building").value = state.building;
  $("building-field").hidden = buildings.length < 2;
  $("floors").hidden = floors.length < 2;
  $("floors").replaceChildren(...floors.map((floor) => element("button", floor, {
    type: "button", ariaPressed: floor === state.floor, ariaLabel: text("floor", { floor }),
    onclick: () => show({ floor }),
  })));
}

export function show({ building, floor }) {
  const before = [state.building, state.floor];
  [state.building, state.floor] = [building ?? state.building, floor ?? state.floor];
  if (before[0] === state.building && before[1] === state.floor) return;
  drawFloors();
  tell("floor");
  if (before[0] !== state.building) fit();
}

function fit() {
  const bounds = L.latLngBounds([]);
  for (const { extent_m, buildings } of state.models) {
    if (!extent_m || (buildings.length && !buildings.includes(state.building))) continue;
    bounds.extend(at(extent_m[0], extent_m[1])).extend(at(extent_m[2], extent_m[3]));
  }
  for (const group of [plans, rooms]) group.eachLayer((layer) => bounds.extend(layer.getBounds()));
  if (bounds.isValid()) map.fitBounds(bounds.pad(0.04), { animate: false });
}

function graphic(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const isPlaced = (plan) => plan.transform && isHere(plan);

async function drawPlans() {
  plans.clearLayers();
  const floor = state.floor;
  for (const { id, transform } of state.plans.filter(isPlaced)) {
    const href = path("plans", id, "content");
    const image = Object.assign(new Image(), { src: href });
    await image.decode().catch(() => {});
    if (state.floor !== floor) return;
    const { naturalWidth: width, naturalHeight: height } = image;
    const [[a, b, c], [d, e, f]] = transform.matrix;
    const corners = [[0, 0], [width, 0], [0, height], [width, height]];
    const bounds = L.latLngBounds(corners.map(([u, v]) => at(a * u + b * v + c, d * u + e * v + f)));
    const [west, north] = [bounds.getWest(), bounds.getNorth()];
    const drawing = graphic("svg", { viewBox: `0 0 ${bounds.getEast() - west} ${north - bounds.getSouth()}` });
    const matrix = `matrix(${[a, -d, b, -e, c - west, north - f]})`;
    drawing.append(graphic("image", { href, width, height, transform: matrix }));
    plans.addLayer(L.svgOverlay(drawing, bounds, { pane: "plans", className: "plan" }));
    tell("plan-drawn");
  }
}

const outlines = ({ polygon }) => (polygon.type === "Polygon" ? [polygon.coordinates] : polygon.coordinates);
const latLngs = (room) => outlines(room).map((rings) => rings.map((ring) => ring.map(([x, y]) => at(x, y))));

function drawRooms() {
  rooms.clearLayers();
  const style = { color: colour("room-line"), weight: 1.5, fillColor: colour("room"), fillOpacity: 1 };
  const tooltip = { permanent: true, direction: "center", className: "room-name" };
  for (const room of state.rooms.filter(isHere)) {
    const outline = L.polygon(latLngs(room), { renderer: roomCanvas, interactive: false, ...style });
    outline.bindTooltip(span(room.name), tooltip).addTo(rooms);
  }
}

export function goToRoom(room) {
  show(room);
  map.fitBounds(L.latLngBounds(latLngs(room).flat(2)).pad(1));
}

const LAYERS = {
  points: { from: "survey" },
  coverage: { from: "survey", value: "n_scans", digits: 0 },
  error: { from: "expected-error", value: "radius_m", digits: 1 },
  radio: { from: "radio-map", value: "rss_dbm", digits: 0 },
  gone: { from: "gone-access-points" },
};
const STEPS = [0, 1, 2, 3, 4]; // of the scale of colours
let turn = 0;

async function drawLayer() {
  const mine = ++turn;
  const kind = document.querySelector("input[name=layer]:checked").value;
  const model = state.models.find(({ name }) => name === $("layer-model").value);
  const select = $("layer-access-point");
  $("layer-radio").hidden = kind !== "radio";
  if (!model) return;
  if (kind === "radio" && select.dataset.model !== model.name) {
    fillSelect(select, (await call("GET", path("models", model.name, "access-points"))).access_points);
    select.dataset.model = model.name;
  }
  const query = new URLSearchParams(kind === "radio" ? { access_point: select.value } : {});
  for (const label of ["floor", "building"]) if (model[`${label}s`].length) query.set(label, state[label]);
  $("layer-about").textContent = text("layers.busy");
  const answer = await call("GET", `${path("models", model.name, LAYERS[kind].from)}?${query}`);
  if (mine !== turn) return; // another choice was made meanwhile
  const gone = answer.access_points ?? [];
  $("layer-about").textContent = text(`layers.about.${kind}`, { level: percent(answer.level) });
  fillList($("layer-gone"), gone.map((each) => ({
    key: each.access_point, title: each.access_point, act: () => show(each.places[0]),
    about: counted("layers.gone.item", each.n_missed, { ago: ago(now() - each.since_s) }),
  })), kind === "gone" ? text("layers.gone.none") : "");
  const isHidden = kind === "points" && (state.plans.some(isPlaced) || state.rooms.some(isHere));
  drawPlaces(kind, isHidden ? [] : answer.places ?? gone.flatMap((each) => each.places).filter(isHere), model);
}

function drawPlaces(kind, found, { extent_m }) {
  const { value, digits } = LAYERS[kind];
  const values = found.map((place) => place[value]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const scale = STEPS.map((step) => colour(`scale-${step}`));
  const shade = (each) => scale[Math.min(4, Math.floor((5 * (each - low)) / (high - low || 1)))];
  const [x, y, x2, y2] = extent_m ?? [0, 0, 1, 1];
  const radius = Math.min(3, Math.max(0.6, 0.5 * Math.sqrt(((x2 - x) * (y2 - y)) / found.length))); // m
  const plain = { fillColor: colour(kind === "gone" ? "warning" : "faint"), fillOpacity: 0.55 };
  const [draw, size] = kind === "points" ? [L.circleMarker, 1.8] : [L.circle, radius];
  places.clearLayers();
  for (const place of found) {
    const style = { renderer: placeCanvas, interactive: false, stroke: false, radius: size };
    const fill = value ? { fillColor: shade(place[value]), fillOpacity: 0.8 } : plain;
    places.addLayer(draw(at(place.x_m, place.y_m), { ...style, ...fill }));
  }
  $("legend").hidden = !value || !found.length;
  const steps = (high > low ? STEPS : [0]).flatMap((step) => [
    element("span", "", { className: "swatch", style: `background: ${scale[step]}` }),
    span(number(low + ((high - low) * step) / 4, digits)),
  ]);
  $("legend").replaceChildren(span(value ? text(`legend.${kind}`) : "", "title"), ...steps);
}

let picking = null;
export function pick(hint, act) {
  picking = act;
  document.body.classList.toggle("picking", Boolean(act));
  say(hint, true);
}

function choose({ lng: x, lat: y }) {
  const act = picking ?? (() => tell("click", [x, y]));
  if (picking) pick("", null);
  act(x, y);
}
map.on("click", (event) => choose(event.latlng));
$("map").addEventListener("keydown", ({ key }) => key === "Enter" && choose(map.getCenter()));

let isMoved = false; // by the user
for (const act of ["pointerdown", "wheel", "keydown"]) $("map").addEventListener(act, () => { isMoved = true; });
on("models plans rooms", drawFloors);
on("models", () => fillSelect($("layer-model"), state.models.map(({ name }) => name)));
on("models plans rooms floor theme", () => attempt(drawLayer));
on("plans floor", drawPlans);
on("rooms floor theme", drawRooms);
on("models rooms plan-drawn", () => isMoved || fit());
$("layers").onchange = () => attempt(drawLayer);
$("building").onchange = (event) => show({ building: event.target.value });
