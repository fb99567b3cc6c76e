// Devices on the map and in the list, their trails, search and follow.

import { $, ago, askName, counted, facts, fillList, number, percent, say, span, text } from "./page.js";
import { at, colour, goToRoom, isHere, map, natural, noteFloor, show } from "./map.js";
import { attempt, call, now, on, path, state } from "./service.js";

const TRAIL = 60; // points
const MANY = 40; // with more devices on a floor, only the chosen one has radius, trail and name
const LISTED = 100;
const LOST_S = 60; // without a scan a device turns grey
const REACH_PX = 14; // of a click
export const devices = new Map(); // id -> {id, name, last, trail}
const shapes = L.layerGroup().addTo(map);
let chosen = null;
let follows = false;
let isDue = false;

function note(id, point) {
  const device = devices.get(id) ?? { id, name: id, trail: [] };
  devices.set(id, device);
  if (point && !(point.time_s < device.last?.time_s)) {
    device.last = point;
    noteFloor(point);
    if (point.x_m != null && device.trail.at(-1)?.time_s !== point.time_s) device.trail = [...device.trail, point].slice(-TRAIL);
  }
  return device;
}

const isLost = ({ last }) => last?.x_m == null || now() - last.time_s > LOST_S;
const isShown = ({ last }) => last?.x_m != null && isHere(last);
const where = ({ floor, place, building }) => facts(place, floor && text("floor", { floor }), !place && building);
const place = ({ x_m, y_m }) => at(x_m, y_m);

function draw() {
  isDue = false;
  const { last } = devices.get(chosen) ?? {};
  if (follows && last?.x_m != null) {
    show(last);
    map.panTo(place(last));
  }
  shapes.clearLayers();
  const shown = [...devices.values()].filter(isShown);
  const colours = Object.fromEntries(["device", "chosen", "faint", "edge"].map((name) => [name, colour(name)]));
  for (const device of shown) drawDevice(device, shown.length > MANY, colours);
  list();
}

function drawDevice(device, isAmongMany, colours) {
  const isChosen = device.id === chosen;
  const color = isChosen ? colours.chosen : isLost(device) ? colours.faint : colours.device;
  const [here, { radius_m: radius }] = [place(device.last), device.last];
  const quiet = { color, interactive: false };
  const mayHave = (what) => (isChosen || !isAmongMany) && $(`show-${what}`).checked;
  if (radius && mayHave("radius")) L.circle(here, { ...quiet, radius, weight: 1, opacity: 0.4, fillOpacity: 0.1 }).addTo(shapes);
  if (mayHave("trails")) L.polyline(device.trail.filter(isHere).map(place), { ...quiet, weight: 2.5, opacity: 0.45 }).addTo(shapes);
  const dot = { ...quiet, radius: isChosen ? 8 : 6, color: colours.edge, weight: 2, fillColor: color, fillOpacity: 1 };
  const shape = L.circleMarker(here, dot).addTo(shapes);
  const tooltip = { permanent: true, direction: "top", offset: [0, -7], className: "device-name" };
  if (mayHave("names")) shape.bindTooltip(span(device.name), tooltip);
}

function redraw() {
  if (!isDue) requestAnimationFrame(draw);
  isDue = true;
}

function list() {
  const wanted = $("search").value.trim().toLowerCase();
  const named = ({ name, id }) => `${name}\n${id}`.toLowerCase().includes(wanted);
  const found = [...devices.values()].filter(named).sort((a, b) => natural(a.name, b.name));
  const rooms = wanted ? state.rooms.filter(({ name }) => name.toLowerCase().includes(wanted)) : [];
  fillList($("device-list"), found.slice(0, LISTED).map((device) => ({
    key: device.id, title: device.name, style: isLost(device) ? "lost" : "", pressed: device.id === chosen, act: () => choose(device.id),
    about: device.last && facts(where(device.last), device.last.radius_m && text("metres.within", { n: number(device.last.radius_m) }), ago(now() - device.last.time_s)),
  })), rooms.length ? "" : text(devices.size ? "devices.no_match" : "devices.none"));
  $("device-more").textContent = found.length > LISTED ? counted("devices.more", found.length - LISTED) : "";
  fillList($("room-results"), rooms.slice(0, LISTED).map((room) => ({
    key: room.id, title: room.name, style: "room", about: where(room), act: () => goToRoom(room),
  })));
  describe();
}

function describe() {
  const device = devices.get(chosen);
  $("device").hidden = !device;
  if (!device) return;
  const { last } = device;
  $("device-name").textContent = device.name;
  $("device-where").textContent = (last && where(last)) || text(last?.reason ? "devices.no_position" : "devices.unknown", last);
  $("device-facts").textContent = last ? facts(
    last.radius_m && text("devices.level", { n: number(last.radius_m), level: percent(last.answer.level) }),
    text("devices.heard", { known: last.answer.n_known, heard: last.answer.n_heard, model: last.answer.model ?? "–" }),
  ) : "";
}

function setFollows(wanted) {
  follows = wanted;
  $("follow").ariaPressed = follows;
  redraw();
}

export async function choose(id) {
  chosen = chosen === id ? null : id;
  setFollows(false);
  const device = devices.get(chosen);
  if (device?.last?.x_m == null) return;
  show(device.last);
  map.panTo(place(device.last));
  say(text("devices.at", { name: device.name, where: where(device.last) }));
  const track = await attempt(() => call("GET", `${path("devices", id, "track")}?limit=${TRAIL}`));
  if (track) device.trail = track.points.filter(({ x_m }) => x_m != null);
  redraw();
}

// Chooses the device at a place of the map; returns false if there is none.
export function chooseAt(x, y) {
  const apart = ({ last }) => map.latLngToLayerPoint(place(last)).distanceTo(map.latLngToLayerPoint(at(x, y)));
  const nearest = [...devices.values()].filter(isShown).sort((a, b) => apart(a) - apart(b))[0];
  const isHit = nearest && apart(nearest) < REACH_PX;
  if (isHit) choose(nearest.id);
  return isHit;
}

$("follow").onclick = () => setFollows(!follows);
$("device-close").onclick = () => choose(chosen);
$("device-rename").onclick = () => askName("naming.device", devices.get(chosen).name, (name) =>
  attempt(() => call("PATCH", path("devices", chosen), { name })));
$("search").oninput = list;
map.on("dragstart", () => setFollows(false));

on("device", (news) => news.forEach(({ device, ...point }) => note(device, point)));
on("name", (news) => news.forEach(({ device, name }) => { note(device).name = name; }));
on("forgotten", (news) => news.forEach(({ device }) => devices.delete(device)));
on("live", (isLive) => isLive && attempt(async () => {
  for (const { device, name, last } of (await call("GET", path("devices"))).devices) note(device, last).name = name;
  redraw();
}));
on("device name forgotten floor theme", redraw);
$("layers").addEventListener("change", redraw);
setInterval(redraw, 5000);
