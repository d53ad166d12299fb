// The page: a question, its moments, and the one that is shown.

import * as address from "./address.js";
import * as api from "./api.js";
import { byId, closable, note, toast } from "./dom.js";
import * as exporting from "./exporting.js";
import * as keys from "./keys.js";
import { LibraryDialog } from "./library.js";
import { clearResults, markCard, showResults, showWaiting } from "./results.js";
import { NEAR_SECONDS, Stage, alike } from "./stage.js";
import { askForToken } from "./token.js";
import { watching, welcome } from "./welcome.js";

const SKIP_SECONDS = 5;
const ON_SHEET = 24;
const CAN_HOVER = matchMedia("(hover: hover)");
const WIDE = matchMedia("(width > 60rem)");

const stage = new Stage();
const library = new LibraryDialog();

/** What is asked, its answer, and which moment of the answer is shown. */
const shown = { query: "", videos: "", result: null, number: -1 };
let searching = new AbortController();

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
  if (!query) return begin({ step, wanted });
  if (step) address.write({ query, videos }, { step });
  lay(true);
  showWaiting();
  try {
    const result = await api.search({ query, videos: api.patternOf(videos) }, searching.signal);
    shown.result = result;
    showResults(result, (number) => choose(number, { play: true }));
    return await showFirst(result, wanted);
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    clearResults();
    stage.hide();
    return fail(error, () => search(query, videos, { step: false, wanted }));
  }
}

/** Show the moment that the address names, else the best one. */
function showFirst(result, wanted) {
  if (wanted?.id) {
    const range = { start_seconds: wanted.start, end_seconds: wanted.end };
    const number = result.moments.findIndex((moment) => moment.id === wanted.id && alike(moment, range));
    if (number >= 0) return choose(number, { t: wanted.t });
    // a range that somebody has drawn
    return showWanted(wanted).catch((error) => {
      toast(error.message);
      return choose(0);
    });
  }
  if (result.moments.length) return choose(0);
  return stage.hide();
}

/** Show the range of a video that the address names: all of it, where it names none. */
async function showWanted({ id, start, end, t }) {
  const video = await api.video(id);
  const [from, to] = [Math.min(start ?? 0, video.duration_seconds), Math.min(end ?? Infinity, video.duration_seconds)];
  return show({ ...video, start_seconds: Math.min(from, to), end_seconds: to }, { t });
}

/** Show what there is, before anything is asked. */
async function begin({ step = false, wanted = null } = {}) {
  const { signal } = searching;
  lay(false);
  if (step) address.write({}, { step });
  clearResults();
  if (!wanted?.id) stage.hide();
  try {
    const listing = await api.videos({ limit: ON_SHEET });
    // something was asked meanwhile
    if (signal.aborted) return undefined;
    // where there is a keyboard one may write at once
    if (!wanted?.id && CAN_HOVER.matches && document.activeElement === document.body) byId("query").focus();
    byId("answer").replaceChildren(...welcome(listing, { ask: (text) => search(text, ""), add: () => library.open(), watch }));
    if (!wanted?.id) return undefined;
    lay(true);
    byId("answer").replaceChildren(...watching(listing, watch));
    return await showWanted(wanted);
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error.status === 404) return toast(error.message);
    return fail(error, () => begin({ wanted }));
  }
}

/** Show a whole video. */
function watch(video) {
  address.write({ id: video.id }, { step: true });
  return begin({ wanted: { id: video.id, start: null, end: null, t: null } });
}

/** Two columns, with what is shown and what was found; or one, before anything is asked. */
function lay(asked) {
  document.body.classList.toggle("asked", asked);
}

function fail(error, again) {
  if (error.status === 404 && shown.videos) {
    return note(`No video of the library is called “${shown.videos}”.`, { name: "Search all videos", run: () => search(shown.query, "") });
  }
  const wait = error.retrySeconds ? `, in ${Math.ceil(error.retrySeconds)} s` : "";
  const text = error.status === 503 ? `The service is busy: ask again${wait}.` : error.message;
  return note(text, { name: "Try again", run: again });
}

// ---- the moment

function choose(number, options = {}) {
  const moment = shown.result?.moments[number];
  if (!moment) return undefined;
  return show(moment, options);
}

function show(moment, options = {}) {
  shown.number = shown.result?.moments.findIndex((one) => one.id === moment.id && alike(one, moment)) ?? -1;
  const done = stage.show(moment, { ...options, query: shown.query });
  markCard(shown.number, { seek: options.play });
  // on a small screen the player lies above the cards, out of sight
  if (options.play && !WIDE.matches) byId("stage").scrollIntoView({ block: "start" });
  remember();
  return done;
}

function remember(t = null) {
  const { start, end } = stage.range;
  address.write({ query: shown.query, videos: shown.videos, id: stage.moment.id, start, end, t });
}

async function share() {
  if (!stage.moment) return;
  const { player, range } = stage;
  // at the end the picture is of what comes after the moment: whoever follows the link begins at its start
  remember(Math.abs(player.time - range.end) < NEAR_SECONDS ? null : player.time);
  try {
    await navigator.clipboard.writeText(location.href);
    toast("The link was copied");
  } catch {
    toast("The link is in the address line");
  }
}

stage.addEventListener("picked", ({ detail }) => show(detail, { play: true }));
stage.addEventListener("ranged", () => remember());
byId("share").addEventListener("click", share);
exporting.listen(() => stage.moment && { id: stage.moment.id, ...stage.range, query: shown.query });

// ---- the keyboard

const whenShown = (run) => () => stage.moment && run(stage.player);
const another = (step) => choose(Math.min(Math.max(shown.number + step, 0), (shown.result?.moments.length ?? 1) - 1), { play: true });
const showKeys = () => byId("keys").showModal();
closable(byId("keys"));
byId("open-keys").addEventListener("click", showKeys);
keys.listen([
  { keys: ["/"], shown: "/", name: "ask another question", run: () => byId("query").select() },
  { keys: ["ArrowLeft"], shown: "←", name: "previous result", run: () => another(-1) },
  { keys: ["ArrowRight"], shown: "→", name: "next result", run: () => another(1) },
  { keys: ["k", " "], shown: "K Space", name: "play, pause", run: whenShown((player) => player.toggle()) },
  { keys: ["j"], shown: "J", name: `${SKIP_SECONDS} s back`, run: whenShown((player) => player.skip(-SKIP_SECONDS)) },
  { keys: ["l"], shown: "L", name: `${SKIP_SECONDS} s on`, run: whenShown((player) => player.skip(SKIP_SECONDS)) },
  { keys: [","], shown: ",", name: "a frame back", run: whenShown((player) => player.step(-1)) },
  { keys: ["."], shown: ".", name: "a frame on", run: whenShown((player) => player.step(1)) },
  { keys: ["r", "o"], shown: "R", name: "loop the moment", run: () => stage.toggleLoop() },
  { keys: ["b"], shown: "B", name: "play on after its end", run: () => stage.toggleBeyond() },
  { keys: ["e"], shown: "E", name: "what was looked at", run: () => stage.toggleEvidence() },
  { keys: ["s"], shown: "S", name: "copy a link to the moment", run: share },
  { keys: ["?"], shown: "?", name: "these keys", run: showKeys },
]);

// ---- the rest

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("query").blur();
  search(byId("query").value.trim(), byId("filter").value.trim());
});
library.addEventListener("changed", ({ detail: removed }) => {
  if (!shown.query) begin();
  else if (shown.result?.moments.some(({ id }) => id === removed)) search(shown.query, shown.videos, { step: false });
});
document.querySelector(".skip").addEventListener("click", (event) => {
  // as another place in the page it would be a step in the history, and be asked anew
  event.preventDefault();
  byId("results").focus();
});
window.addEventListener("popstate", showAddress);

function showAddress() {
  const { query, videos, ...wanted } = address.read();
  return search(query, videos, { step: false, wanted });
}

showAddress();
library.takeUpJobs().catch(() => undefined);
