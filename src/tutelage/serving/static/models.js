// What the models are worth, and learning from surveys.
import { $, button, counted, facts, fillSelect, make, number, percent, text } from "./page.js";
import { attempt, call, load, on, path, state } from "./service.js";

const form = $("learn");

function drawModels() {
  $("model-list").replaceChildren(...state.models.map((model) => make("model", {
    title: model.name,
    figure: facts(
      model.held_out_mae_m && text("models.figure", { n: number(model.held_out_mae_m) }),
      model.held_out_hit && text("models.hit", { n: percent(model.held_out_hit) })),
    measured: model.held_out ? text("models.measured", model) : model.unsaid ?? text("models.unmeasured"),
    about: facts(model.method, counted("models.access_points", model.n_access_points)),
  })));
  fillSelect(form.replaces, [...state.models.map(({ name }) => name), ""], (name) => name || text("learn.nothing"));
  form.name.value ||= `${form.replaces.value || "model"}-2`;
}

function drawSessions() {
  const left = [...form.querySelectorAll("[name=session]:not(:checked)")].map(({ value }) => value);
  const boxes = state.surveys.filter((each) => each.state === "approved").map(({ id, name }) => {
    const box = make("check", { title: name });
    Object.assign(box.firstElementChild, { value: id, checked: !left.includes(id) });
    return box;
  });
  $("learn-sessions").replaceChildren(...(boxes.length ? boxes : [text("learn.none")]));
  $("learn-start").disabled = !boxes.length;
}

async function goLive(job, { target }) {
  target.disabled = true; // it takes seconds
  await attempt(() => call("POST", path("jobs", job.id, "go-live")));
  ["jobs", "models"].forEach(load);
}

function drawJobs() {
  $("job-list").replaceChildren(...state.jobs.map((job) => {
    const { n_scans, old, new: fresh, held_out } = job.comparison ?? {};
    const figures = { n: number(n_scans, 0), new: number(fresh?.mae_m), old: number(old?.mae_m) };
    const card = make("job", {
      title: job.name,
      state: text(`job.${job.state}`, job),
      compared: fresh && text(old ? "job.compared" : "job.measured", figures),
      held_out: held_out && text("job.held_out", { held_out }),
    });
    const progress = { hidden: job.state !== "running", max: job.steps || 1, value: job.done, ariaLabel: job.name };
    Object.assign(card.querySelector("progress"), progress);
    if (job.state === "done") card.append(button("learn.go_live", (event) => goLive(job, event), "strong admin"));
    return card;
  }));
}

form.onsubmit = (event) => {
  event.preventDefault();
  const sessions = [...form.querySelectorAll("[name=session]:checked")].map(({ value }) => value);
  const { name, replaces, method } = Object.fromEntries(new FormData(form));
  const body = { sessions, name, replaces: replaces || null, method, smooth_walks: form.smooth_walks.checked };
  attempt(async () => { await call("POST", path("learn"), body); load("jobs"); });
};
on("models", drawModels);
on("surveys", drawSessions);
on("jobs", drawJobs);
