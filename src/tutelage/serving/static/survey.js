// Surveys by click. What is not sent yet is laid over what the service has, so that nothing seems lost, or is.
import { $, counted, facts, fillList, fillSelect, number, say, span, text } from "./page.js";
import { at, colour, isHere, map, show } from "./map.js";
import { devices } from "./devices.js";
import { attempt, call, maySurvey, newId, now, on, path, send, state, unsent } from "./service.js";

const CLOCK_S = 2; // a walker does not notice smaller differences of clocks
const FRESH = { n_scans: 0, undone: false, end_s: null };
const shapes = L.layerGroup().addTo(map);
let open = localStorage["tutelage.survey"]; // id of the session on this page
let known = null; // the session as the service has it
let late_s = []; // how long after it was taken each of the device's scans came; null once the surveyor decides

const of = (...parts) => path("surveys", open, ...parts);
const tool = () => document.querySelector("input[name=tool]:checked").value;

function session() {
  const waiting = unsent();
  const begun = waiting.find(({ where, body }) => where === path("surveys") && body.id === open);
  const base = known?.id === open ? known : begun && { state: "open", clock_offset_s: 0, marks: [], ...begun.body };
  if (!base) return null;
  const marks = new Map(base.marks.map((mark) => [mark.id, mark]));
  const changes = waiting.filter(({ where }) => where === of()).map(({ body }) => body);
  for (const { where, body } of waiting) {
    if (where === of("marks")) for (const mark of body.marks) marks.set(mark.id, { ...FRESH, ...mark });
    for (const mark of marks.values()) if (where === of("marks", mark.id)) marks.set(mark.id, { ...mark, ...body });
  }
  return Object.assign({}, base, ...changes, { marks: [...marks.values()] });
}

const current = (survey) => survey?.marks.findLast(({ end_s, undone }) => end_s === null && !undone);
const collects = (survey) => survey?.state === "open" && !$("survey").hidden && maySurvey();

function end(mark, place = {}) {
  if (mark) send("PATCH", of("marks", mark.id), { end_s: Math.max(now(), mark.start_s), ...place });
}

function click([x, y]) {
  const survey = session();
  if (!collects(survey)) return;
  const before = current(survey);
  if (before?.kind === "walk") return end(before, { x2_m: x, y2_m: y });
  end(before);
  const { building, floor } = state;
  const place = $("survey-place").value.trim() || null; // else the service takes the room's name
  const mark = { id: newId(), kind: tool(), start_s: now(), x_m: x, y_m: y, building, floor, place };
  send("POST", of("marks"), { marks: [mark] });
  $("survey-place").value = "";
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
  localStorage["tutelage.survey"] = id;
  refresh();
}

$("survey-new").onsubmit = (event) => {
  event.preventDefault();
  const { name, device: { value } } = event.target;
  const id = newId();
  const device = [...devices.values()].find((each) => each.name === value)?.id ?? value;
  const { building, floor } = state;
  const model = $("layer-model").value || null;
  send("POST", path("surveys"), { id, name: name.value.trim(), device, model, building, floor });
  name.value = "";
  choose(id);
};
$("survey-undo").onclick = () => undo(session().marks.findLast(({ undone }) => !undone));
$("survey-pause").onclick = () => change(session().state === "open" ? "paused" : "open");
$("survey-finish").onclick = () => change("finished");
$("survey-approve").onclick = () => change("approved");
$("survey-clock").onchange = (event) => {
  late_s = null;
  send("PATCH", of(), { clock_offset_s: Number(event.target.value) });
};

// A scan comes after it was taken, the quickest of some at once: what then differs is the clock of the device.
function noteClock(news) {
  const survey = session();
  const mine = news.find(({ device, answer }) => device === survey?.device && answer.n_heard);
  if (!mine || !late_s || !collects(survey)) return;
  late_s = [...late_s.slice(-50), now() - mine.answer.time_s];
  const offset_s = Math.round(Math.min(...late_s));
  if (late_s.length < 3 || Math.abs(offset_s - survey.clock_offset_s) < CLOCK_S) return;
  send("PATCH", of(), { clock_offset_s: offset_s });
  say(text("survey.clock_set", { device: survey.device, n: number(offset_s, 0) }));
}

function draw() {
  const survey = session();
  $("survey-open").hidden = !survey;
  $("survey-new").hidden = Boolean(survey);
  document.body.classList.toggle("surveying", Boolean(collects(survey)));
  fillSelect($("device-ids"), [...devices.values()].map(({ name }) => name));
  fillList($("survey-list"), state.surveys.map((each) => ({
    key: each.id, title: each.name, about: facts(text(`survey.state.${each.state}`), each.device),
    pressed: each.id === open, act: () => choose(each.id === open ? "" : each.id),
  })), text("survey.none"));
  shapes.clearLayers();
  if (survey) drawSession(survey);
}

function drawSession(survey) {
  const [kept, standing] = [survey.marks.filter(({ undone }) => !undone), current(survey)];
  const isOpen = survey.state === "open";
  const hint = !isOpen ? survey.state : standing ? `${standing.kind}_on` : tool();
  const n_scans = kept.reduce((sum, mark) => sum + mark.n_scans, 0);
  const stateName = text(`survey.state.${survey.state}`);
  $("survey-name").textContent = survey.name;
  const counts = [counted("survey.marks", kept.length), counted("survey.scans", n_scans)];
  $("survey-facts").textContent = facts(stateName, ...counts);
  $("survey-hint").textContent = text(`survey.hint.${hint}`);
  $("survey-tools").hidden = !isOpen;
  $("survey-undo").disabled = !kept.length;
  $("survey-pause").hidden = $("survey-finish").hidden = !isOpen && survey.state !== "paused";
  $("survey-pause").textContent = text(isOpen ? "survey.pause" : "survey.resume");
  $("survey-approve").hidden = survey.state !== "finished";
  if (document.activeElement !== $("survey-clock")) $("survey-clock").value = survey.clock_offset_s;
  fillList($("survey-marks"), survey.marks.map((mark, i) => ({
    key: mark.id, title: text(`survey.mark.${mark.kind}`, { n: i + 1 }), style: mark.undone ? "undone" : "",
    about: facts(mark.place, counted("survey.scans", mark.n_scans), mark.undone && text("survey.mark.undone")),
    act: () => show(mark),
    more: maySurvey() ? [[mark.undone ? "survey.redo" : "survey.undo", () => undo(mark)]] : [],
  })));
  for (const mark of kept.filter((each) => each.x_m != null && isHere(each))) drawMark(mark, mark === standing);
}

function drawMark(mark, isStanding) {
  const style = { color: colour("mark"), weight: 3, dashArray: isStanding ? "2 6" : null, interactive: false };
  const [from, to] = [at(mark.x_m, mark.y_m), at(mark.x2_m ?? mark.x_m, mark.y2_m ?? mark.y_m)];
  L.polyline([from, to], style).addTo(shapes);
  const dot = { ...style, radius: isStanding ? 11 : 8, fillOpacity: mark.n_scans ? 0.9 : 0.25 };
  const tooltip = { permanent: true, direction: "top", offset: [0, -6], className: "mark-count" };
  L.circleMarker(to, dot).bindTooltip(span(number(mark.n_scans, 0)), tooltip).addTo(shapes);
}

async function refresh() {
  draw();
  if (!state.surveys.some((each) => each.id === open)) return;
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
