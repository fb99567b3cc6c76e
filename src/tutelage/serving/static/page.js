// Texts, numbers and lists of the page. What the server sends becomes text, never HTML.
let [strings, language] = [{}, "en"];

export async function loadStrings() {
  const all = await (await fetch("strings.json")).json();
  language = navigator.languages.map((tag) => tag.split("-")[0]).find((tag) => tag in all) ?? "en";
  strings = { ...all.en, ...all[language] };
  document.documentElement.lang = language;
  fill(document);
}

export const $ = (id) => document.getElementById(id);
export const text = (key, values = {}) => (strings[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
export const number = (value, digits = 1) =>
  value?.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const percent = (share) => share?.toLocaleString(language, { style: "percent" });
export const facts = (...parts) => parts.filter((part) => part).join(" · ");

export function counted(key, n, values = {}) {
  const form = `${key}.${new Intl.PluralRules(language).select(n)}`;
  return text(form in strings ? form : `${key}.other`, { n: number(n, 0), ...values });
}

export function ago(seconds) {
  const [unit, length] = seconds < 60 ? ["s", 1] : seconds < 3600 ? ["min", 60] : ["h", 3600];
  return seconds < 5 ? text("ago.now") : text(`ago.${unit}`, { n: number(seconds / length, 0) });
}

function fill(root) {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
  for (const node of root.querySelectorAll("[data-label]")) node.ariaLabel = text(node.dataset.label);
  for (const node of root.querySelectorAll("[data-hint]")) node.placeholder = text(node.dataset.hint);
}

export function make(template, slots = {}) {
  const copy = $(`${template}-template`).content.firstElementChild.cloneNode(true);
  fill(copy);
  for (const [slot, content] of Object.entries(slots)) write(copy, slot, content);
  return copy;
}

const write = (copy, slot, content) => { copy.querySelector(`[data-slot=${slot}]`).textContent = content ?? ""; };

// Elements of text. Leaflet reads a string as HTML, so it gets these.
export const element = (tag, textContent, more) => Object.assign(document.createElement(tag), { textContent, ...more });
export const span = (content, className = "") => element("span", content, { className });
export const button = (key, onclick, className = "quiet") =>
  element("button", text(key), { type: "button", onclick, className });

// Fills a list with {key, title, about, style, pressed, act, more: [[text key, act]]}. Rows that stay keep the focus.
export function fillList(list, items, none = "") {
  const before = new Map([...list.children].map((row) => [row.dataset.key, row]));
  const rows = items.map(({ key, title, about, style = "", pressed, act, more = [] }) => {
    const row = before.get(key) ?? make("item");
    row.dataset.key = key;
    row.className = style;
    write(row, "title", title);
    write(row, "about", about);
    Object.assign(row.firstElementChild, { onclick: act, ariaPressed: pressed ?? null });
    while (row.children.length > more.length + 1) row.lastChild.remove();
    more.forEach(([label, onclick], i) => {
      if (!row.children[i + 1]) row.append(button(label));
      Object.assign(row.children[i + 1], { textContent: text(label), onclick });
    });
    return row;
  });
  if (!rows.length && none) rows.push(element("li", none, { className: "faint" }));
  if (rows.length !== before.size || rows.some((row, i) => row !== list.children[i])) list.replaceChildren(...rows);
}

export function fillSelect(select, values, name = (value) => value) {
  const before = select.value;
  select.replaceChildren(...values.map((value) => new Option(name(value), value)));
  if (before && values.includes(before)) select.value = before;
}

let hiding;
export function say(message, stays = false) {
  $("news").textContent = message;
  clearTimeout(hiding);
  if (message && !stays) hiding = setTimeout(say, 6000, "");
}

export function askName(title, name, act) {
  const form = $("naming").querySelector("form");
  $("naming-title").textContent = text(title);
  form.name.value = name;
  form.onsubmit = () => act(form.name.value.trim());
  form.querySelector("[type=button]").onclick = () => $("naming").close();
  $("naming").showModal();
  form.name.select();
}
