// The page: a question, its moments, and the one that is shown.

import * as address from "./address.js";
import * as api from "./api.js";
import { byId, closable, note, toast } from "./dom.js";
import { Boxes, attended } from "./evidence.js";
import * as exporting from "./exporting.js";
import * as keys from "./keys.js";
import { LibraryDialog } from "./library.js";
import { Player } from "./player.js";
import { card, skeletons, summary, welcome } from "./results.js";
import { clock } from "./time.js";
import { Timeline } from "./timeline.js";
import { askForToken } from "./token.js";

const SKELETONS = 5;
const NEAR_SECONDS = 0.05;
const FAR_SECONDS = 5;

const player = new Player(byId("video"));
const timeline = new Timeline(byId("timeline"));
const boxes = new Boxes(byId("boxes"), player.video);
const library = new LibraryDialog();

/** What is shown: the question with its answer, the moment of a video, and what is known of that video. */
const shown = { query: "", videos: "", result: null, number: -1, moment: null, explained: null };
let searching = new AbortController();
let explaining = new AbortController();

api.onTokenNeeded(askForToken);

// ---- the question

async function search(query, videos, { step = true, wanted = null } = {}) {
  searching.abort();
  searching = new AbortController();
  Object.assign(shown, { query, videos, result: null, number: -1 });
  byId("query").value = query;
  byId("filter").value = videos;
  document.title = query ? `${query} – LEORN` : "LEORN – find the moment";
  note();
  if (!query) return begin(step);
  if (step) address.write({ query, videos }, { step });
  byId("answer").replaceChildren("Searching …");
  byId("cards").replaceChildren(...skeletons(SKELETONS));
  document.body.classList.add("asked");
  try {
    const result = await api.search({ query, videos }, searching.signal);
    shown.result = result;
    byId("answer").replaceChildren(...summary(result, []));
    byId("cards").replaceChildren(...result.moments.map((moment, number) => card(moment, number, result.threshold, (at) => choose(at, { play: true }))));
    await showFirst(result, wanted);
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    byId("answer").replaceChildren();
    byId("cards").replaceChildren();
    fail(error, () => search(query, videos, { step: false, wanted }));
  }
  return undefined;
}

/** Show the moment that the address names, else the best one. */
function showFirst(result, wanted) {
  if (wanted?.id && wanted.start !== null && wanted.end !== null) {
    const near = (one, other) => Math.abs(one - other) < NEAR_SECONDS;
    const number = result.moments.findIndex(
      (moment) => moment.id === wanted.id && near(moment.start_seconds, wanted.start) && near(moment.end_seconds, wanted.end),
    );
    const found = result.moments.find((moment) => moment.id === wanted.id);
    if (number >= 0) return choose(number, { t: wanted.t });
    // a range that somebody has drawn
    return showWanted(wanted, found);
  }
  if (result.moments.length) return choose(0);
  hideStage();
  return undefined;
}

async function showWanted(wanted, found) {
  const about = found ?? (await api.video(wanted.id));
  return show({ ...about, start_seconds: wanted.start, end_seconds: wanted.end }, { t: wanted.t });
}

async function begin(step) {
  document.body.classList.remove("asked");
  hideStage();
  if (step) address.write({}, { step });
  byId("cards").replaceChildren();
  try {
    byId("answer").replaceChildren(...welcome(await api.videos({ limit: 1 }), (text) => search(text, ""), () => library.open()));
  } catch (error) {
    fail(error, () => begin(false));
  }
}

function fail(error, again) {
  const wait = error.retrySeconds ? ` (in ${Math.ceil(error.retrySeconds)} s)` : "";
  const text = error.status === 503 ? `The service is busy${wait}: ${error.message}` : error.message;
  note(text, { name: "Try again", run: again });
}

// ---- the moment

function choose(number, { play = false, t = null } = {}) {
  const moment = shown.result?.moments[number];
  if (!moment) return undefined;
  shown.number = number;
  [...byId("cards").querySelectorAll(".card")].forEach((one, at) => {
    one.setAttribute("aria-pressed", String(at === number));
    if (at === number) one.scrollIntoView({ block: "nearest" });
  });
  return show(moment, { play, t });
}

async function show(moment, { play = false, t = null } = {}) {
  const another = shown.moment?.id !== moment.id || byId("stage").hidden;
  shown.moment = moment;
  byId("stage").hidden = false;
  byId("title").textContent = moment.name;
  setRange({ start: moment.start_seconds, end: moment.end_seconds });
  if (another) {
    shown.explained = null;
    boxes.frames = [];
    byId("attended").replaceChildren();
    open(moment);
  }
  timeline.show(moment.duration_seconds, ...momentsAndCurve(moment));
  timeline.range = player.range;
  player.time = t ?? moment.start_seconds;
  if (play) player.playRange();
  remember();
  if (another || shown.explained?.query !== shown.query) await explain(moment);
  else showExplained();
}

function open(moment) {
  byId("unplayable").hidden = moment.playable;
  byId("unplayable").textContent = moment.playable ? "" : "The library knows no file of this video, only its objects.";
  if (moment.playable) player.open(api.streamOf(moment.id));
  else player.close();
}

async function explain(moment) {
  if (!shown.query) return;
  explaining.abort();
  explaining = new AbortController();
  try {
    shown.explained = await api.evidence(moment.id, shown.query, explaining.signal);
    showExplained();
  } catch (error) {
    if (error.name !== "AbortError") toast(error.message);
  }
}

function showExplained() {
  const { explained, moment } = shown;
  if (!explained) return;
  boxes.frames = explained.frames;
  timeline.show(moment.duration_seconds, ...momentsAndCurve(moment));
  timeline.range = player.range;
  const number = explained.moments.findIndex((one) => Math.abs(one.start_seconds - moment.start_seconds) < NEAR_SECONDS);
  timeline.current = number;
  byId("attended").replaceChildren(...attended(explained.moments[number]?.objects ?? []));
  redraw();
}

function momentsAndCurve(moment) {
  const { explained } = shown;
  return explained ? [explained.moments, explained.curve] : [[moment], []];
}

function hideStage() {
  player.close();
  byId("stage").hidden = true;
  shown.moment = null;
}

function setRange(range) {
  player.range = range;
  timeline.range = range;
}

function remember(t = null) {
  const { query, videos, moment } = shown;
  const { start, end } = player.range;
  address.write({ query, videos, id: moment.id, start, end, t });
}

async function share() {
  if (!shown.moment) return;
  remember(player.time);
  try {
    await navigator.clipboard.writeText(location.href);
    toast("The link was copied");
  } catch {
    toast("The link is in the address line");
  }
}

// ---- the player

function redraw() {
  timeline.time = player.time;
  boxes.draw(player.time);
  byId("clock").textContent = shown.moment ? `${clock(player.time)} / ${clock(shown.moment.duration_seconds)}` : "";
}

function press(id, pressed) {
  byId(id).setAttribute("aria-pressed", String(pressed));
}

function toggleLoop() {
  player.looping = !player.looping;
  if (player.looping) player.beyond = false;
  press("loop", player.looping);
  press("beyond", player.beyond);
}

function toggleBeyond() {
  player.beyond = !player.beyond;
  if (player.beyond) player.looping = false;
  press("beyond", player.beyond);
  press("loop", player.looping);
  if (player.beyond && !player.playing) player.toggle();
}

function toggleEvidence() {
  boxes.shown = !boxes.shown;
  press("evidence", boxes.shown);
  redraw();
}

player.addEventListener("moved", redraw);
player.addEventListener("changed", () => {
  byId("play").textContent = player.playing ? "Pause" : "Play";
});
player.addEventListener("failed", () => {
  const { moment } = shown;
  if (!moment?.playable) return;
  const { start, end } = player.range;
  if (!player.video.src.includes("/api/export")) {
    // what this browser cannot decode it is given anew, the moment alone
    toast("This browser cannot play the file: the moment is converted");
    player.open(api.clipOf(moment.id, start, end), start);
    player.time = start;
    return;
  }
  byId("unplayable").hidden = false;
  byId("unplayable").textContent = "The file cannot be played, or is gone. Index its folder again.";
});
timeline.addEventListener("seek", ({ detail }) => {
  player.time = detail;
  redraw();
});
timeline.addEventListener("pick", ({ detail }) => {
  const { moment, explained, result } = shown;
  const picked = { ...moment, ...explained?.moments[detail] };
  const number = result?.moments.findIndex((one) => one.id === picked.id && Math.abs(one.start_seconds - picked.start_seconds) < NEAR_SECONDS) ?? -1;
  if (number >= 0) choose(number, { play: true });
  else show(picked, { play: true });
});
timeline.addEventListener("range", ({ detail }) => {
  player.range = timeline.range;
  player.time = timeline.range[detail];
  remember();
});

for (const [id, run] of [["play", () => player.toggle()], ["loop", toggleLoop], ["beyond", toggleBeyond], ["evidence", toggleEvidence], ["share", share]]) {
  byId(id).addEventListener("click", run);
}
byId("video").addEventListener("click", () => player.toggle());
exporting.listen(() => shown.moment && { id: shown.moment.id, ...player.range, query: shown.query });

// ---- the rest

const another = (step) => choose(Math.min(Math.max(shown.number + step, 0), (shown.result?.moments.length ?? 1) - 1), { play: true });
closable(byId("keys"));
const showKeys = () => byId("keys").showModal();
byId("open-keys").addEventListener("click", showKeys);
keys.listen([
  { keys: ["/"], shown: "/", name: "ask another question", run: () => byId("query").select() },
  { keys: ["ArrowLeft"], shown: "←", name: "previous result", run: () => another(-1) },
  { keys: ["ArrowRight"], shown: "→", name: "next result", run: () => another(1) },
  { keys: ["k", " "], shown: "K Space", name: "play, pause", run: () => player.toggle() },
  { keys: ["j"], shown: "J", name: `${FAR_SECONDS} s back`, run: () => player.skip(-FAR_SECONDS) },
  { keys: ["l"], shown: "L", name: `${FAR_SECONDS} s on`, run: () => player.skip(FAR_SECONDS) },
  { keys: [","], shown: ",", name: "a frame back", run: () => player.step(-1) },
  { keys: ["."], shown: ".", name: "a frame on", run: () => player.step(1) },
  { keys: ["r"], shown: "R", name: "loop the moment", run: toggleLoop },
  { keys: ["b"], shown: "B", name: "play on after its end", run: toggleBeyond },
  { keys: ["e"], shown: "E", name: "what was looked at", run: toggleEvidence },
  { keys: ["s"], shown: "S", name: "copy a link to the moment", run: share },
  { keys: ["?"], shown: "?", name: "these keys", run: showKeys },
]);

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("query").blur();
  search(byId("query").value.trim(), byId("filter").value.trim());
});
library.addEventListener("changed", () => {
  if (!shown.query) begin(false);
});
window.addEventListener("popstate", showAddress);

function showAddress() {
  const { query, videos, ...wanted } = address.read();
  return search(query, videos, { step: false, wanted });
}

showAddress();
library.takeUpJobs().catch(() => undefined);
