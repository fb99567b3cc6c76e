// The frame of the page: sections, theme, connection, and what a click on the map means.

import { $, counted, loadStrings, text } from "./page.js";
import { map, roomAt } from "./map.js";
import { chooseAt } from "./devices.js";
import { on, start, tell, unsent } from "./service.js";
import { rename } from "./plans.js";
import "./survey.js";
import "./models.js";

function fold(isFolded) {
  document.body.classList.toggle("folded", isFolded);
  $("fold").ariaExpanded = !isFolded;
}

function open(section) {
  for (const tab of $("tabs").children) {
    tab.ariaExpanded = tab.dataset.section === section;
    $(tab.dataset.section).hidden = tab.dataset.section !== section;
  }
  fold(false);
  tell("section");
}

let isLive = false;
function drawLive() {
  const waiting = unsent().length;
  $("live").className = isLive && !waiting ? "live" : "";
  $("live").textContent = waiting ? counted("live.unsent", waiting) : text(isLive ? "live.yes" : "live.no");
}

on("live", (isNow) => { isLive = isNow; drawLive(); });
on("unsent", drawLive);
on("click", ([x, y]) => {
  if (document.body.classList.contains("surveying")) return;
  const room = roomAt(x, y);
  if (chooseAt(x, y)) open("devices");
  else if (room) rename(room);
});

const isDark = matchMedia("(prefers-color-scheme: dark)");
function paint() {
  const system = isDark.matches ? "dark" : "light";
  document.documentElement.dataset.theme = localStorage["tutelage.theme"] ?? system;
  tell("theme");
}
isDark.onchange = paint;
$("theme").onclick = () => {
  localStorage["tutelage.theme"] = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  paint();
};

$("tabs").onclick = ({ target }) => target.dataset.section && open(target.dataset.section);
$("fold").onclick = () => fold(!document.body.classList.contains("folded"));
document.addEventListener("click", ({ target }) => target.closest("[data-close]")?.closest("dialog").close());
new ResizeObserver(() => map.invalidateSize()).observe($("map"));

await loadStrings();
open("devices");
fold(matchMedia("(max-width: 700px)").matches);
paint();
start();
