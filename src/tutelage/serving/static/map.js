// The map: floors, plans, rooms and layers. Positions are metres of the survey, x to the right and y up.

import { $, ago, counted, element, fillList, fillSelect, number, percent, say, span, text } from "./page.js";
import { attempt, call, now, on, path, state, tell } from "./service.js";

export const at = (x, y) => L.latLng(y, x);
export const map = L.map("map", {
  crs: L.CRS.Simple, preferCanvas: true, attributionControl: false, zoomControl: false, minZoom: -3, maxZoom: 8,
  zoomSnap: 0.25, zoomDelta: 0.5, wheelPxPerZoomLevel: 120,
}).setView([0, 0], 3);
L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
const pane = (name, zIndex) => { map.createPane(name).style.zIndex = zIndex; return L.layerGroup().addTo(map); };
const [plans, rooms, places] = [pane("plans", 200), pane("rooms", 250), pane("places", 300)];
const [roomCanvas, placeCanvas] = ["rooms", "places"].map((name) => L.canvas({ pane: name }));

// A colour of the stylesheet in the present theme, for the canvas.
export function colour(name) {
  $("news").style.outlineColor = `var(--${name})`;
  return getComputedStyle($("news")).outlineColor;
}

// -- floors --------------------------------------------------------------------------------------------

export const natural = new Intl.Collator(undefined, { numeric: true }).compare;
const seen = { building: new Set(), floor: new Set() }; // by devices
const isOf = (label, item) => (item[label] ?? state[label]) === state[label];
export const isHere = (item) => isOf("building", item) && isOf("floor", item);

export function noteFloor(item) {
  const isNew = ["building", "floor"].filter((label) => item[label] != null && !seen[label].has(item[label]));
  for (const label of isNew) seen[label].add(item[label]);
  if (isNew.length) drawFloors();
}

function labels(label) {
  const items = [...state.plans, ...state.rooms].map((item) => item[label]);
  const all = new Set([...state.models.flatMap((model) => model[`${label}s`]), ...items, ...seen[label]]);
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
    type: "button", ariaPressed: floor === state.floor, ariaLabel: text("floor", { floor }), onclick: () => show({ floor }),
  })));
}

// Shows the floor that something is on.
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
    if (extent_m && (!buildings.length || buildings.includes(state.building))) {
      bounds.extend(at(extent_m[0], extent_m[1])).extend(at(extent_m[2], extent_m[3]));
    }
  }
  for (const group of [plans, rooms]) group.eachLayer((layer) => bounds.extend(layer.getBounds()));
  if (bounds.isValid()) map.fitBounds(bounds.pad(0.04), { animate: false });
  return bounds.isValid();
}

// -- plans and rooms -----------------------------------------------------------------------------------

async function drawPlans() {
  plans.clearLayers();
  for (const plan of state.plans.filter((each) => each.transform && isHere(each))) {
    const image = Object.assign(new Image(), { src: path("plans", plan.id, "content") });
    await image.decode().catch(() => {});
    const [[a, b, c], [d, e, f]] = plan.transform.matrix;
    const { naturalWidth: w, naturalHeight: h } = image;
    const corners = [[0, 0], [w, 0], [0, h], [w, h]].map(([u, v]) => at(a * u + b * v + c, d * u + e * v + f));
    const bounds = L.latLngBounds(corners);
    const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const [width, height] = [bounds.getEast() - bounds.getWest(), bounds.getNorth() - bounds.getSouth()];
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const picture = document.createElementNS(drawing.namespaceURI, "image");
    const matrix = `matrix(${a} ${-d} ${b} ${-e} ${c - bounds.getWest()} ${bounds.getNorth() - f})`;
    for (const [name, value] of Object.entries({ href: image.src, width: w, height: h, transform: matrix })) picture.setAttribute(name, value);
    drawing.append(picture);
    plans.addLayer(L.svgOverlay(drawing, bounds, { pane: "plans", className: "plan" }));
  }
}

const outlines = ({ polygon }) => (polygon.type === "Polygon" ? [polygon.coordinates] : polygon.coordinates);
const latLngs = (room) => outlines(room).map((rings) => rings.map((ring) => ring.map(([x, y]) => at(x, y))));

function drawRooms() {
  rooms.clearLayers();
  const style = { renderer: roomCanvas, interactive: false, color: colour("room-line"), weight: 1.5, fillColor: colour("room"), fillOpacity: 1 };
  for (const room of state.rooms.filter(isHere)) {
    L.polygon(latLngs(room), style).bindTooltip(span(room.name), { permanent: true, direction: "center", className: "room-name" }).addTo(rooms);
  }
}
map.on("zoomend", () => $("map").classList.toggle("far", map.getZoom() < 3));

const isInside = (ring, x, y) => ring.reduce((inside, [x2, y2], i) => {
  const [x1, y1] = ring.at(i - 1);
  return inside !== ((y1 > y) !== (y2 > y) && x < x1 + ((y - y1) * (x2 - x1)) / (y2 - y1));
}, false);

export const roomAt = (x, y) => state.rooms.find((room) => isHere(room) &&
  outlines(room).some((rings) => rings.filter((ring) => isInside(ring, x, y)).length % 2));

export function goToRoom(room) {
  show(room);
  map.fitBounds(L.latLngBounds(latLngs(room).flat(2)).pad(1));
}

// -- layers --------------------------------------------------------------------------------------------

const LAYERS = {
  points: { path: "survey" },
  coverage: { path: "survey", value: "n_scans", digits: 0 },
  error: { path: "expected-error", value: "radius_m", digits: 1 },
  radio: { path: "radio-map", value: "rss_dbm", digits: 0 },
  gone: { path: "gone-access-points" },
};
const STEPS = [0, 1, 2, 3, 4]; // of the scale of colours
let turn = 0;

async function drawLayer() {
  const mine = ++turn;
  const kind = document.querySelector("input[name=layer]:checked").value;
  const model = state.models.find(({ name }) => name === $("layer-model").value);
  $("layer-radio").hidden = kind !== "radio";
  if (!model) return;
  const select = $("layer-access-point");
  if (kind === "radio" && select.dataset.model !== model.name) {
    fillSelect(select, (await call("GET", path("models", model.name, "access-points"))).access_points);
    select.dataset.model = model.name;
  }
  const query = new URLSearchParams(kind === "radio" ? { access_point: select.value } : {});
  for (const label of ["floor", "building"]) if (model[`${label}s`].length) query.set(label, state[label]);
  $("layer-about").textContent = text("layers.busy");
  const answer = await call("GET", `${path("models", model.name, LAYERS[kind].path)}?${query}`);
  if (mine !== turn) return; // another choice was made meanwhile
  const gone = answer.access_points ?? [];
  $("layer-about").textContent = text(`layers.about.${kind}`, { level: percent(answer.level) });
  fillList($("layer-gone"), gone.map(({ access_point, n_missed, since_s }) => ({
    key: access_point, title: access_point, act: () => chooseRadioMap(access_point),
    about: counted("layers.gone.item", n_missed, { ago: ago(now() - since_s) }),
  })), kind === "gone" ? text("layers.gone.none") : "");
  drawPlaces(kind, answer.places ?? gone.flatMap((each) => each.places).filter(isHere), model.extent_m);
}

function drawPlaces(kind, found, extent_m) {
  const { value, digits } = LAYERS[kind];
  const values = found.map((place) => place[value]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const scale = STEPS.map((step) => colour(`scale-${step}`));
  const shade = (each) => scale[Math.min(STEPS.at(-1), Math.floor(((each - low) / (high - low || 1)) * STEPS.length))];
  const [x, y, x2, y2] = extent_m ?? [0, 0, 1, 1];
  const radius = Math.min(3, Math.max(0.6, 0.5 * Math.sqrt(((x2 - x) * (y2 - y)) / found.length))); // m
  const style = { renderer: placeCanvas, interactive: false, stroke: false };
  places.clearLayers();
  for (const place of found) {
    const fillColor = value ? shade(place[value]) : colour(kind === "gone" ? "warning" : "faint");
    const [draw, size, fillOpacity] = kind === "points" ? [L.circleMarker, 1.8, 0.55] : [L.circle, radius, 0.8];
    places.addLayer(draw(at(place.x_m, place.y_m), { ...style, fillColor, fillOpacity, radius: size }));
  }
  $("legend").hidden = !value || !found.length;
  const steps = high > low ? STEPS : [0];
  $("legend").replaceChildren(span(value ? text(`legend.${kind}`) : "", "title"), ...steps.flatMap((step) => [
    Object.assign(span("", "swatch"), { style: `background: ${scale[step]}` }),
    span(number(low + ((high - low) * step) / STEPS.at(-1), digits)),
  ]));
}

function chooseRadioMap(accessPoint) {
  document.querySelector("input[name=layer][value=radio]").checked = true;
  $("layer-access-point").append(new Option(accessPoint, accessPoint, true, true)); // the others come with the layer
  attempt(drawLayer);
}

// -- clicks --------------------------------------------------------------------------------------------

let picking = null;
export function pick(hint, act) {
  picking = act;
  document.body.classList.toggle("picking", Boolean(act));
  say(hint, true);
}

function choose({ lng: x, lat: y }) {
  const act = picking ?? ((...place) => tell("click", place));
  if (picking) pick("", null);
  act(x, y);
}
map.on("click", (event) => choose(event.latlng));
map.getContainer().addEventListener("keydown", (event) => {
  if (event.key === "Enter") choose(map.getCenter());
  if (event.key === "Escape") pick("", null);
});

let isFitted = false;
on("models plans rooms", drawFloors);
on("models", () => fillSelect($("layer-model"), state.models.map(({ name }) => name)));
on("models floor theme", () => attempt(drawLayer));
on("plans floor", () => drawPlans());
on("rooms floor theme", drawRooms);
on("models plans rooms", () => { isFitted ||= fit(); });
$("layers").onchange = () => attempt(drawLayer);
$("building").onchange = (event) => show({ building: event.target.value });
