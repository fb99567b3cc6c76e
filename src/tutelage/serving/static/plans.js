// Plans: adding a file, placing an image by its points, and the rooms of a floor.

import { $, askName, counted, facts, fillList, make, say, span, text } from "./page.js";
import { at, colour, isHere, map, natural, pick, show } from "./map.js";
import { attempt, call, load, maySurvey, newId, on, path, state } from "./service.js";

const form = $("placing");
const image = form.querySelector("img");
const dots = L.layerGroup().addTo(map);
let placing = null; // the plan that is being placed

function draw() {
  fillList($("plan-list"), state.plans.map((plan) => ({
    key: plan.id, title: plan.name, act: () => show(plan),
    about: facts(plan.floor && text("floor", plan), plan.kind === "image" && !plan.transform && text("plans.unplaced")),
    more: [["plans.place", () => place(plan)], ["remove", () => attempt(() => call("DELETE", path("plans", plan.id)))]].slice(plan.kind === "image" ? 0 : 1, maySurvey() ? 2 : 0),
  })), text("plans.none"));
}

function drawRooms() {
  const here = state.rooms.filter(isHere).sort((a, b) => natural(a.name, b.name));
  fillList($("room-list"), here.map((room) => ({ key: room.id, title: room.name, style: "room", act: () => rename(room) })), text("rooms.none"));
  for (const label of ["building", "floor"]) $("plan-new")[label].value = state[label] ?? "";
}

export function rename(room) {
  if (maySurvey()) askName("naming.room", room.name, (name) => attempt(() => call("PATCH", path("rooms", room.id), { name })));
}

$("plan-new").onsubmit = (event) => {
  event.preventDefault();
  const { file: { files: [content] }, building, floor } = event.target;
  const query = new URLSearchParams({ name: content.name });
  for (const { name, value } of [building, floor]) if (value.trim()) query.set(name, value.trim());
  attempt(async () => {
    const added = await call("PUT", `${path("plans", newId())}?${query}`, content);
    event.target.file.value = "";
    await Promise.all([load("plans"), load("rooms")]);
    if (added.kind === "image") place(added);
    else say(counted("plans.added", added.n_rooms));
  });
};

// -- placing -------------------------------------------------------------------------------------------

const points = () => [...$("placing-points").children].map((row) => Object.fromEntries([...row.querySelectorAll("input")].map((input) => [input.name, input])));

function place(plan) {
  placing = plan;
  form.hidden = false;
  Object.assign(image, { src: path("plans", plan.id, "content"), alt: plan.name, onload: drawDots });
  $("placing-points").replaceChildren(...[1, 2, 3].map((n) => {
    const row = make("point", { title: text("placing.point", { n }) });
    row.querySelector("button").onclick = () => pick(text("placing.pick_hint", { n }), (x, y) => {
      const { x_m, y_m } = points()[n - 1];
      [x_m.value, y_m.value] = [x.toFixed(2), y.toFixed(2)];
      drawDots();
    });
    return row;
  }));
  plan.transform?.points.forEach((given, i) => { for (const [name, input] of Object.entries(points()[i])) input.value = given[name]; });
  drawDots();
  form.scrollIntoView();
}

// A click sets the first point that has no place on the image; when all have one it moves the last.
image.onclick = ({ offsetX, offsetY }) => {
  const scale = image.naturalWidth / image.clientWidth;
  const { column, row } = points().find((point) => !point.column.value) ?? points().at(-1);
  [column.value, row.value] = [(offsetX * scale).toFixed(1), (offsetY * scale).toFixed(1)];
  drawDots();
};

function drawDots() {
  dots.clearLayers();
  $("placing-image").replaceChildren(image);
  if (form.hidden) return;
  points().forEach(({ column, row, x_m, y_m }, i) => {
    const dot = L.circleMarker(at(Number(x_m.value), Number(y_m.value)), { radius: 7, color: colour("mark"), interactive: false });
    dot.bindTooltip(span(String(i + 1)), { permanent: true, className: "mark-count" });
    if (x_m.value && y_m.value) dots.addLayer(dot);
    const pin = span(String(i + 1), "pin");
    pin.style.left = `${(100 * column.value) / image.naturalWidth}%`;
    pin.style.top = `${(100 * row.value) / image.naturalHeight}%`;
    if (column.value && row.value) $("placing-image").append(pin);
  });
}

function leave() {
  form.hidden = true;
  drawDots();
}

form.onsubmit = (event) => {
  event.preventDefault();
  const given = points().filter((point) => Object.values(point).every(({ value }) => value));
  const numbers = given.map((point) => Object.fromEntries(Object.values(point).map(({ name, value }) => [name, Number(value)])));
  attempt(async () => { await call("PUT", path("plans", placing.id, "transform"), { points: numbers }); leave(); });
};
form.onchange = drawDots;
$("placing-cancel").onclick = leave;
on("plans", draw);
on("rooms floor models", drawRooms);
