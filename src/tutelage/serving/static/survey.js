// Surveys by click. What is not sent yet is laid over what the service has, so that nothing seems lost, or is.

import { $, counted, facts, fillList, fillSelect, number, say, span, text } from "./page.js";
import { at, colour, isHere, map, roomAt, show } from "./map.js";
import { devices } from "./devices.js";
import { attempt, call, maySurvey, newId, now, on, path, send, state, unsent } from "./service.js";

const CLOCK_S = 2; // a walker does not notice smaller differences of clocks
const KEPT = "tutelage.survey";
const shapes = L.layerGroup().addTo(map);
let open = localStorage[KEPT]; // id of the session on this page
let known = null; // the session as the service has it
let late_s = []; // how long after it was taken each of the device's scans came

const of = (...parts) => path("surveys", open, ...parts);
const tool = () => document.querySelector("input[name=tool]:checked").value;

function session() {
  const waiting = unsent();
  const begun = waiting.find(({ where, body }) => where === path("surveys") && body.id === open);
  const base = known?.id === open ? known : begun && { state: "open", clock_offset_s: 0, marks: [], ...begun.body };
  if (!base) return null;
  const marks = new Map(base.marks.map((mark) => [mark.id, mark]));
  const after = { ...base };
  for (const { where, body } of waiting) {
    if (where === of()) Object.assign(after, body);
    if (where === of("marks")) for (const mark of body.marks) marks.set(mark.id, { n_scans: 0, undone: false, end_s: null, ...mark, ...marks.get(mark.id) });
    for (const mark of marks.values()) if (where === of("marks", mark.id)) marks.set(mark.id, { ...mark, ...body });
  }
  return { ...after, marks: [...marks.values()] };
}

const current = (survey) => survey?.marks.findLast(({ end_s, undone }) => end_s === null && !undone);
const collects = (survey) => survey?.state === "open" && !$("survey").hidden && maySurvey();

// -- what the surveyor does ----------------------------------------------------------------------------

function end(mark, place = {}) {
  if (mark) send("PATCH", of("marks", mark.id), { end_s: Math.max(now(), mark.start_s), ...place });
}

function click([x, y]) {
  const survey = session();
  if (!collects(survey)) return;
  const before = current(survey);
  end(before, before?.kind === "walk" ? { x2_m: x, y2_m: y } : {});
  if (before?.kind !== "walk") {
    const place = $("survey-place").value.trim() || roomAt(x, y)?.name || null;
    const { building, floor } = state;
    const mark = { id: newId(), kind: tool(), start_s: now(), x_m: x, y_m: y, building, floor, place };
    send("POST", of("marks"), { marks: [mark] });
    $("survey-place").value = "";
  }
}

const undo = (mark) => send("PATCH", of("marks", mark.id), { undone: !mark.undone });

function change(wanted) {
  const before = current(session());
  if (before?.kind === "walk") undo(before); // nobody knows where it ends
  else end(before);
  send("PATCH", of(), { state: wanted });
}

function choose(id) {
  [open, known, late_s] = [id, null, []];
  localStorage[KEPT] = id;
  refresh();
}

$("survey-new").onsubmit = (event) => {
  event.preventDefault();
  const { name, device } = event.target;
  const { building, floor } = state;
  const id = newId();
  const collecting = [...devices.values()].find((each) => each.name === device.value)?.id ?? device.value;
  const model = $("layer-model").value || null;
  send("POST", path("surveys"), { id, name: name.value.trim(), device: collecting, model, building, floor });
  name.value = "";
  choose(id);
};
$("survey-undo").onclick = () => undo(session().marks.findLast(({ undone }) => !undone));
$("survey-pause").onclick = () => change(session().state === "open" ? "paused" : "open");
$("survey-finish").onclick = () => change("finished");
$("survey-approve").onclick = () => change("approved");
$("survey-close").onclick = () => choose("");
$("survey-clock").onchange = (event) => send("PATCH", of(), { clock_offset_s: Number(event.target.value) });

// A scan comes after it was taken, the quickest at once: what then differs is the clock of the device.
function noteClock(news) {
  const survey = session();
  for (const { time_s } of news.filter(({ device }) => collects(survey) && device === survey.device)) {
    late_s.push(now() - time_s);
    const offset_s = Math.min(...late_s);
    if (late_s.length !== 3 || Math.abs(offset_s - survey.clock_offset_s) < CLOCK_S) continue;
    send("PATCH", of(), { clock_offset_s: Math.round(offset_s) });
    say(text("survey.clock_set", { device: survey.device, n: number(offset_s, 0) }));
  }
}

// -- what is shown -------------------------------------------------------------------------------------

function draw() {
  const survey = session();
  $("survey-open").hidden = !survey;
  $("survey-new").hidden = Boolean(survey);
  document.body.classList.toggle("surveying", Boolean(collects(survey)));
  fillSelect($("device-ids"), [...devices.values()].map(({ name }) => name));
  fillList($("survey-list"), state.surveys.map((each) => ({
    key: each.id, title: each.name, about: facts(text(`survey.state.${each.state}`), each.device), act: () => choose(each.id),
  })), text("survey.none"));
  shapes.clearLayers();
  if (survey) drawSession(survey);
}

function drawSession(survey) {
  const kept = survey.marks.filter(({ undone }) => !undone);
  const standing = current(survey);
  const isUnderWay = survey.state === "open" || survey.state === "paused";
  const hint = survey.state === "open" ? (standing ? `${standing.kind}_on` : tool()) : survey.state;
  const n_scans = kept.reduce((sum, mark) => sum + mark.n_scans, 0);
  $("survey-name").textContent = survey.name;
  $("survey-facts").textContent = facts(text(`survey.state.${survey.state}`), counted("survey.marks", kept.length), counted("survey.scans", n_scans));
  $("survey-hint").textContent = text(`survey.hint.${hint}`);
  $("survey-tools").hidden = survey.state !== "open";
  $("survey-undo").disabled = !kept.length;
  $("survey-pause").hidden = $("survey-finish").hidden = !isUnderWay;
  $("survey-pause").textContent = text(survey.state === "open" ? "survey.pause" : "survey.resume");
  $("survey-approve").hidden = survey.state !== "finished";
  if (document.activeElement !== $("survey-clock")) $("survey-clock").value = survey.clock_offset_s;
  fillList($("survey-marks"), survey.marks.map((mark, i) => ({
    key: mark.id, title: text(`survey.mark.${mark.kind}`, { n: i + 1 }), style: mark.undone ? "undone" : "", act: () => show(mark),
    about: facts(mark.place, mark.floor && text("floor", mark), counted("survey.scans", mark.n_scans), mark.undone && text("survey.mark.undone")),
    more: maySurvey() ? [[mark.undone ? "survey.redo" : "survey.undo", () => undo(mark)]] : [],
  })));
  for (const mark of kept.filter((each) => each.x_m != null && isHere(each))) drawMark(mark, mark === standing);
}

function drawMark(mark, isStanding) {
  const style = { color: colour("mark"), fillColor: colour("mark"), weight: 3, dashArray: isStanding ? "2 6" : null, interactive: false };
  const [from, to] = [at(mark.x_m, mark.y_m), at(mark.x2_m ?? mark.x_m, mark.y2_m ?? mark.y_m)];
  L.polyline([from, to], style).addTo(shapes);
  const dot = L.circleMarker(to, { ...style, radius: isStanding ? 11 : 8, fillOpacity: mark.n_scans ? 0.9 : 0.25 }).addTo(shapes);
  dot.bindTooltip(span(number(mark.n_scans, 0)), { permanent: true, direction: "right", className: "mark-count" });
}

async function refresh() {
  draw();
  const id = open;
  if (!state.surveys.some((each) => each.id === id)) return;
  const got = await attempt(() => call("GET", of()));
  if (got?.id === open) known = got;
  draw();
}

on("surveys", refresh);
on("sent", (answer) => { if (answer.id === open && answer.marks) known = answer; });
on("unsent floor section theme", draw);
on("click", click);
on("device", noteClock);
$("survey").addEventListener("change", draw);
