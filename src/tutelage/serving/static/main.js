// The frame of the page: sections, theme, connection, and what a click on the map means.
import { $, counted, loadStrings, text } from "./page.js";
import { on, start, tell, unsent } from "./service.js";
import "./plans.js";
import "./survey.js";
import "./models.js";

const tabs = [...$("tabs").children];
function open(wanted) {
  for (const tab of tabs) {
    tab.ariaExpanded = tab === wanted;
    $(tab.dataset.section).hidden = tab !== wanted;
  }
  $("sections").scrollTop = 0;
  tell("section");
}
// A second click closes the section: on a phone the map then has the whole screen.
for (const tab of tabs) tab.onclick = () => open(tab.ariaExpanded === "true" ? null : tab);

let isLive = false;
on("live unsent", (isNow = isLive) => {
  const waiting = unsent().length;
  isLive = isNow;
  $("live").className = isLive && !waiting ? "live" : "";
  $("live").textContent = waiting ? counted("live.unsent", waiting) : text(isLive ? "live.yes" : "live.no");
});
on("chosen", () => open(tabs[0]));

const { dataset } = document.documentElement;
const isDark = matchMedia("(prefers-color-scheme: dark)");
function paint(theme) {
  dataset.theme = theme;
  tell("theme");
}
isDark.onchange = () => paint(isDark.matches ? "dark" : "light");
$("theme").onclick = () => paint(dataset.theme === "dark" ? "light" : "dark");

await loadStrings();
open(matchMedia("(max-width: 700px)").matches ? null : tabs[0]);
isDark.onchange();
start();
