// Plans: adding a file, placing an image by its points, and the rooms of a floor.
import { $, counted, facts, fillList, make, say, span, text } from "./page.js";
import { isHere, natural, pick, show } from "./map.js";
import { attempt, call, load, maySurvey, newId, on, path, rename, state } from "./service.js";

const form = $("placing");
const image = form.querySelector("img");
let placing = null; // id of the plan that is being placed

const isImage = ({ kind }) => kind === "image";

function draw() {
  const sure = (plan) => confirm(text("plans.sure", plan));
  const remove = (plan) => ["remove", () => sure(plan) && attempt(() => call("DELETE", path("plans", plan.id)))];
  fillList($("plan-list"), state.plans.map((plan) => ({
    key: plan.id, title: plan.name, act: () => show(plan),
    about: facts(plan.floor && text("floor", plan), isImage(plan) && !plan.transform && text("plans.unplaced")),
    more: maySurvey() ? [...(isImage(plan) ? [["plans.place", () => place(plan)]] : []), remove(plan)] : [],
  })), text("plans.none"));
}

function drawRooms() {
  const here = state.rooms.filter(isHere).sort((a, b) => natural(a.name, b.name));
  fillList($("room-list"), here.map((room) => (
    { key: room.id, title: room.name, style: "room", act: () => rename("rooms", room) })), text("rooms.none"));
  for (const label of ["building", "floor"]) $("plan-new")[label].value = state[label] ?? "";
}

$("plan-new").onsubmit = (event) => {
  event.preventDefault();
  const { file, building, floor } = event.target;
  const [content] = file.files;
  const query = new URLSearchParams({ name: content.name });
  for (const { name, value } of [building, floor]) if (value.trim()) query.set(name, value.trim());
  attempt(async () => {
    const added = await call("PUT", `${path("plans", newId())}?${query}`, content);
    file.value = "";
    ["plans", "rooms"].forEach(load);
    if (isImage(added)) place(added);
    else say(counted("plans.added", added.n_rooms));
  });
};

const inputs = (row) => Object.fromEntries([...row.querySelectorAll("input")].map((input) => [input.name, input]));
const points = () => [...$("placing-points").children].map(inputs);

function place({ id, name, transform }) {
  placing = id;
  form.hidden = false;
  Object.assign(image, { src: path("plans", id, "content"), alt: name, onload: drawPins });
  $("placing-points").replaceChildren(...[1, 2, 3].map((n) => {
    const row = make("point", { title: text("placing.point", { n }) });
    const { x_m, y_m } = inputs(row);
    const set = (x, y) => { [x_m.value, y_m.value] = [x.toFixed(2), y.toFixed(2)]; };
    row.querySelector("button").onclick = () => pick(text("placing.pick_hint", { n }), set);
    for (const [key, value] of Object.entries(transform?.points[n - 1] ?? {})) inputs(row)[key].value = value;
    return row;
  }));
  form.scrollIntoView();
}

// A click sets the first point that has no place on the image; when all have one it moves the last.
image.onclick = ({ offsetX, offsetY }) => {
  const scale = image.naturalWidth / image.clientWidth;
  const { column, row } = points().find((point) => !point.column.value) ?? points().at(-1);
  [column.value, row.value] = [(offsetX * scale).toFixed(1), (offsetY * scale).toFixed(1)];
  drawPins();
};

function drawPins() {
  $("placing-image").replaceChildren(image, ...points().map(({ column, row }, i) => {
    const pin = span(column.value && row.value ? String(i + 1) : "", "pin");
    pin.style.left = `${(100 * column.value) / image.naturalWidth}%`;
    pin.style.top = `${(100 * row.value) / image.naturalHeight}%`;
    return pin;
  }));
}

form.onsubmit = (event) => {
  event.preventDefault();
  const given = points().map(Object.values).filter((point) => point.every(({ value }) => value));
  const numbers = given.map((point) => Object.fromEntries(point.map(({ name, value }) => [name, Number(value)])));
  attempt(async () => {
    await call("PUT", path("plans", placing, "transform"), { points: numbers });
    form.hidden = true;
  });
};
form.onchange = drawPins;
$("placing-cancel").onclick = () => { form.hidden = true; };
on("plans", draw);
on("rooms floor models", drawRooms);
