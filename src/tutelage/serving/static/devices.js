// Devices on the map and in the list, their trails, search and follow.
import { $, ago, counted, facts, fillList, number, percent, say, span, text } from "./page.js";
import { at, colour, goToRoom, isHere, map, natural, show } from "./map.js";
import { attempt, call, maySurvey, now, on, path, rename, state, tell } from "./service.js";

const TRAIL = 60; // points
const MANY = 40; // of more devices on a floor, only the chosen one has radius, trail and name
const LISTED = 100;
const LOST_S = 60; // without a scan a device turns grey
export const devices = new Map(); // id -> {id, name, last, trail}
const shapes = L.layerGroup().addTo(map);
let chosen = null;
let follows = false;
let isDue = false;

function note(id, point) {
  const device = devices.get(id) ?? { id, name: id, trail: [] };
  devices.set(id, device);
  if (!point || point.time_s <= device.last?.time_s) return device;
  device.last = point;
  if (point.x_m != null) device.trail = [...device.trail, point].slice(-TRAIL);
  return device;
}

const isLocated = (device) => device?.last?.x_m != null;
const isLost = (device) => !isLocated(device) || now() - device.last.time_s > LOST_S;
const isShown = (device) => isLocated(device) && isHere(device.last);
const place = ({ x_m, y_m }) => at(x_m, y_m);
const where = (point) => facts(point.place, point.floor && text("floor", point));

function draw() {
  isDue = false;
  const followed = devices.get(chosen);
  if (follows && isLocated(followed)) {
    show(followed.last);
    map.panTo(place(followed.last));
  }
  shapes.clearLayers();
  const shown = [...devices.values()].filter(isShown).sort((a, b) => (a.id === chosen) - (b.id === chosen));
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
  const area = { ...quiet, radius, weight: 1, opacity: 0.4, fillOpacity: 0.1 };
  if (radius && mayHave("radius")) L.circle(here, area).addTo(shapes);
  const trail = device.trail.filter(isHere).map(place);
  if (mayHave("trails")) L.polyline(trail, { ...quiet, weight: 2.5, opacity: 0.45 }).addTo(shapes);
  const dot = { radius: isChosen ? 8 : 6, color: colours.edge, weight: 2, fillColor: color, fillOpacity: 1 };
  const shape = L.circleMarker(here, dot).addTo(shapes).on("click", () => tell("chosen", device.id));
  const tooltip = { permanent: true, direction: "top", offset: [0, -7], className: "device-name" };
  if (mayHave("names")) shape.bindTooltip(span(device.name), tooltip);
}

function redraw() {
  if (!isDue) requestAnimationFrame(draw);
  isDue = true;
}

function list() {
  const wanted = $("search").value.trim().toLowerCase();
  const isWanted = (...names) => names.join("\n").toLowerCase().includes(wanted);
  const order = (a, b) => (b.id === chosen) - (a.id === chosen) || natural(a.name, b.name);
  const found = [...devices.values()].filter(({ name, id }) => isWanted(name, id)).sort(order);
  const rooms = state.rooms.filter(({ name }) => wanted && isWanted(name)).slice(0, LISTED);
  fillList($("device-list"), found.slice(0, LISTED).map((device) => ({
    key: device.id, title: device.name, about: about(device), style: isLost(device) ? "lost" : "",
    pressed: device.id === chosen, act: () => choose(device.id), more: device.id === chosen ? actions(device) : [],
  })), rooms.length ? "" : text(devices.size ? "devices.no_match" : "devices.none"));
  $("device-more").textContent = found.length > LISTED ? counted("devices.more", found.length - LISTED) : "";
  fillList($("room-results"), rooms.map((room) => (
    { key: room.id, title: room.name, style: "room", about: where(room), act: () => goToRoom(room) })));
}

function about({ id, last, offset_db }) {
  if (!last) return text("devices.unknown");
  const { answer, radius_m, reason } = last;
  const radius = radius_m && text("metres.within", { n: number(radius_m) });
  const more = id === chosen && facts(
    radius_m && text("devices.level", { level: percent(answer.level) }),
    text("devices.heard", { known: answer.n_known, heard: answer.n_heard, model: answer.model ?? "–" }),
    offset_db != null && text("devices.offset", { n: number(offset_db) }));
  return facts(where(last), radius, reason && text("devices.no_position", { reason }), ago(now() - last.time_s), more);
}

const actions = (device) => [
  [follows ? "devices.unfollow" : "devices.follow", () => setFollows(!follows)],
  ...maySurvey() ? [["rename", () => rename("devices", device)]] : [],
];

function setFollows(wanted) {
  follows = wanted;
  redraw();
}

async function choose(id) {
  chosen = chosen === id ? null : id;
  setFollows(false);
  const device = devices.get(chosen);
  if (!isLocated(device)) return;
  show(device.last);
  map.panInside(place(device.last), { padding: [80, 80] });
  say(text("devices.at", { name: device.name, where: where(device.last) }));
  const track = await attempt(() => call("GET", `${path("devices", id, "track")}?limit=${TRAIL}`));
  if (track) device.trail = track.points.filter(({ x_m }) => x_m != null);
  redraw();
}

$("search").oninput = list;
map.on("dragstart", () => setFollows(false));
on("device", (news) => news.forEach(({ device, ...point }) => note(device, point)));
on("name offset", (news) => news.forEach(({ device, ...more }) => Object.assign(note(device), more)));
on("forgotten", (news) => news.forEach(({ device }) => devices.delete(device)));
on("live", (isLive) => isLive && attempt(async () => {
  const all = (await call("GET", path("devices"))).devices;
  for (const { device, last, ...more } of all) Object.assign(note(device, last), more);
  redraw();
}));
on("chosen", choose);
on("device name offset forgotten floor theme", redraw);
$("layers").addEventListener("change", redraw);
setInterval(redraw, 5000);
