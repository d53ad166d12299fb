// The answer to a question: a line, and a card for each moment.

import { thumbnailOf } from "./api.js";
import { byId, make } from "./dom.js";
import { clock } from "./time.js";

const SURE = 0.7;
const LIKELY = 0.4;
const SKELETONS = 5;
const BESIDE = matchMedia("(width > 60rem)");

/** What a confidence is called; below the threshold anything is a guess. */
export function wordOf(confidence, threshold) {
  if (threshold !== null && confidence < threshold) return "guess";
  if (confidence >= SURE) return "sure";
  return confidence >= LIKELY ? "likely" : "unsure";
}

/** 0.862 → "86%". What is not quite 0 or 1 is not called so. */
export function percentOf(confidence) {
  if (confidence < 0.01) return "<1%";
  return confidence > 0.99 ? ">99%" : `${Math.round(100 * confidence)}%`;
}

function meter(confidence, word) {
  const bar = make("span", { className: "fill" });
  bar.style.width = `${100 * confidence}%`;
  return make("span", { className: `meter ${word}` },
    make("span", { className: "word" }, word), make("span", { className: "line", "aria-hidden": "true" }, bar),
    make("span", { className: "percent" }, percentOf(confidence)));
}

/** A small picture with a few letters on it; without an address it says that there is no file. */
export function picture(address, letters) {
  const none = (why) => make("span", { className: "thumb none" }, why);
  const image = address
    ? make("img", { className: "thumb", src: address, alt: "", loading: "lazy", width: 160, height: 90 })
    : none("no file");
  image.addEventListener("error", () => image.replaceWith(none("no picture")));
  return make("span", { className: "still" }, image, make("span", { className: "letters" }, letters));
}

function card(moment, number, threshold, choose) {
  const { id, start_seconds: start, end_seconds: end } = moment;
  const button = make("button", { type: "button", className: "card", "aria-pressed": "false", onclick: () => choose(number) },
    picture(moment.playable ? thumbnailOf(id, (start + end) / 2) : null, `${(end - start).toFixed(1)} s`),
    make("span", { className: "text" },
      make("span", { className: "name" }, moment.name),
      make("span", { className: "times" }, `${clock(start)} – ${clock(end)}`),
      meter(moment.confidence, wordOf(moment.confidence, threshold))));
  return make("li", {}, button);
}

/** Say that there will be an answer. */
export function showWaiting() {
  clearResults();
  byId("answer").replaceChildren(make("p", { className: "quiet" }, "Searching …"));
  const bone = () => make("li", { className: "skeleton", "aria-hidden": "true" }, make("span", { className: "card" }));
  byId("cards").replaceChildren(...Array.from({ length: SKELETONS }, bone));
}

export function clearResults() {
  for (const id of ["answer", "cards", "guesses"]) byId(id).replaceChildren();
  byId("guesses-title").hidden = true;
}

/** Show an answer; choosing a card gives its number. Of moments that were found, those below the threshold come apart. */
export function showResults(result, choose) {
  const { moments, found, threshold } = result;
  const cards = moments.map((moment, number) => card(moment, number, threshold, choose));
  const first = found && threshold !== null ? moments.filter((moment) => moment.confidence >= threshold).length : moments.length;
  byId("answer").replaceChildren(...summary(result, moments.slice(0, first)));
  byId("cards").replaceChildren(...cards.slice(0, first));
  byId("guesses").replaceChildren(...cards.slice(first));
  byId("guesses-title").hidden = first === moments.length;
}

/** Mark the card of the moment that is shown, none where the number is negative, and bring it into view if asked to. */
export function markCard(number, { seek = false } = {}) {
  const cards = byId("results").querySelectorAll("button.card");
  cards.forEach((one, at) => one.setAttribute("aria-pressed", String(at === number)));
  // not unasked: the keyboard goes on from where one has been brought
  if (seek && BESIDE.matches) cards[number]?.scrollIntoView({ block: "nearest" });
}

const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;

/** What the answer is, in a line or two. */
function summary({ moments, found, known_words: known }, sure) {
  if (!moments.length) {
    return [make("h1", {}, "Nothing found"), make("p", {}, "The library has no moments to offer. Add videos, or search in all of them.")];
  }
  const unknown = known < 1
    ? make("p", { className: "quiet" }, known === 0
        ? "The network knows none of these words: try others."
        : `The network knows ${Math.round(100 * known)}% of these words; the others say nothing to it.`)
    : "";
  if (found) return [make("h1", {}, `${count(sure.length, "moment")} in ${count(new Set(sure.map(({ id }) => id)).size, "video")}`), unknown];
  return [
    make("div", { className: "notfound" },
      make("h1", {}, "Not found"),
      make("p", {}, "Nothing in the library seems to show this. Below are the best guesses."),
      make("p", {}, "Other words may help: say what can be seen, and what happens to it.")),
    unknown,
  ];
}
