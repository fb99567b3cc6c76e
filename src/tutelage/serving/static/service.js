// What the page knows of the service: requests, the live stream, and marks that wait to be sent.
import { $, askName, say, text } from "./page.js";

const AFFECTED = { model: ["models"], plan: ["plans", "rooms"], room: ["rooms"], survey: ["surveys"], job: ["jobs"] };
const UNSENT = "tutelage.unsent.";
const FINAL = [400, 404, 409, 413, 422]; // sent again, such a request would be refused again
const AGAIN_MS = 2000;
const KINDS = ["models", "plans", "rooms", "surveys", "jobs"];
export const state = Object.fromEntries([["building", null], ["floor", null], ...KINDS.map((kind) => [kind, []])]);
const listeners = {};
let role = null;
let offset_s = 0;

export const now = () => Date.now() / 1000 + offset_s; // by the clock of the service
export const maySurvey = () => role === "survey" || role === "admin";
export const path = (...parts) => `v1/${parts.map(encodeURIComponent).join("/")}`;
export const newId = () => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");

export function on(kinds, act) {
  for (const kind of kinds.split(" ")) (listeners[kind] ??= []).push(act);
}

export function tell(kind, news) {
  for (const act of listeners[kind] ?? []) act(news);
}

export async function call(method, where, body) {
  const isFile = body instanceof Blob;
  const headers = body && !isFile ? { "Content-Type": "application/json" } : {};
  const answer = await fetch(where, { method, headers, body: isFile || !body ? body : JSON.stringify(body) });
  const content = await answer.json().catch(() => ({}));
  if (answer.ok) return content;
  if (answer.status === 401 && where !== path("entry")) enter();
  throw Object.assign(new Error(content.error?.message ?? answer.statusText), { status: answer.status });
}

export async function attempt(work) {
  try {
    return await work();
  } catch (problem) {
    say(problem.status ? problem.message : text("problem.connection"));
    if (!problem.status && !(problem instanceof TypeError)) throw problem;
  }
}

export const rename = (kind, { id, name }) => maySurvey() &&
  askName(`naming.${kind}`, name, (to) => attempt(() => call("PATCH", path(kind, id), { name: to })));

async function enter() {
  const began_s = Date.now() / 1000;
  const entry = await call("GET", path("entry"));
  offset_s = entry.time_s - (began_s + Date.now() / 1000) / 2;
  role = entry.role;
  document.body.classList.toggle("may-survey", maySurvey());
  document.body.classList.toggle("may-admin", role === "admin");
  if (role === null && !$("entry").open) $("entry").showModal();
  return role !== null;
}

$("entry").oncancel = (event) => event.preventDefault();
$("entry").onsubmit = async (event) => {
  event.preventDefault();
  try {
    await call("POST", path("entry"), { key: event.target.key.value });
    location.reload();
  } catch (problem) {
    $("entry-problem").textContent = problem.message;
  }
};

const turns = {};
export async function load(kind) {
  const turn = (turns[kind] = (turns[kind] ?? 0) + 1);
  const got = await attempt(() => call("GET", path(kind)));
  if (!got || turn !== turns[kind]) return; // newer ones are under way
  state[kind] = got[kind];
  tell(kind);
}

export async function start() {
  const again = () => { tell("live", false); setTimeout(start, AGAIN_MS); };
  if (!(await enter().catch(again))) return;
  const stream = new EventSource(path("events"));
  stream.onopen = () => { KINDS.forEach(load); tell("live", true); flush(); }; // again after each gap
  stream.onerror = () => (stream.readyState === EventSource.CLOSED ? again() : tell("live", false));
  for (const kind of ["device", "name", "offset", "forgotten", ...Object.keys(AFFECTED)]) {
    stream.addEventListener(kind, (event) => { AFFECTED[kind]?.forEach(load); tell(kind, JSON.parse(event.data)); });
  }
}

// What waits to be sent outlives the page, and is posted until the service has it.
export function unsent() {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(UNSENT)).sort();
  return keys.map((key) => ({ key, ...JSON.parse(localStorage[key]) }));
}

let nth = 0;
export function send(method, where, body) {
  const order = [Date.now(), String(nth++).padStart(6, "0"), newId()].join(".");
  localStorage[UNSENT + order] = JSON.stringify({ method, where, body });
  tell("unsent");
  flush();
}

let isFlushing = false;
async function flush() {
  if (isFlushing) return;
  isFlushing = true;
  try {
    for (let [next] = unsent(); next; [next] = unsent()) {
      await call(next.method, next.where, next.body).then((answer) => tell("sent", answer), (problem) => {
        if (!FINAL.includes(problem.status)) throw problem;
        say(problem.message);
      });
      localStorage.removeItem(next.key);
      tell("unsent");
    }
  } catch {
    setTimeout(flush, AGAIN_MS);
  }
  isFlushing = false;
}
