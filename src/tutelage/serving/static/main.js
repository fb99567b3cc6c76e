// The frame of the page: sections, theme, connection, and what a click on the map means.
import { $, counted, loadStrings, text } from "./page.js";
import { on, start, tell, unsent } from "./service.js";
import "./devices.js";
import "./plans.js";
import "./survey.js";
import "./models.js";

const tabs = [...$("tabs").children];
function open(wanted) {
  for (const tab of tabs) {
    tab.ariaExpanded = tab === wanted;
    $(tab.dataset.section).hidden = tab !== wanted;
  }
  tell("section");
}
// A second click closes the section: on a phone the map then has the whole screen.
for (const tab of tabs) tab.onclick = () => open(tab.ariaExpanded === "true" ? null : tab);

let isLive = false;
function drawLive() {
  const waiting = unsent().length;
  $("live").className = isLive && !waiting ? "live" : "";
  $("live").textContent = waiting ? counted("live.unsent", waiting) : text(isLive ? "live.yes" : "live.no");
}
on("live", (isNow) => { isLive = isNow; drawLive(); });
on("unsent", drawLive);
on("chosen", () => open(tabs[0]));

const theme = document.documentElement.dataset;
const isDark = matchMedia("(prefers-color-scheme: dark)");
function paint(chosen) {
  theme.theme = chosen ?? (isDark.matches ? "dark" : "light");
  tell("theme");
}
isDark.onchange = () => paint();
$("theme").onclick = () => paint(theme.theme === "dark" ? "light" : "dark");

await loadStrings();
open(matchMedia("(max-width: 700px)").matches ? null : tabs[0]);
paint();
start();
