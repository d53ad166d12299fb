// The answer to a question: a line, and a card for each moment.

import { thumbnailOf } from "./api.js";
import { make } from "./dom.js";
import { clock } from "./time.js";

const SURE = 0.7;
const LIKELY = 0.4;

/** What a confidence is called; below the threshold anything is a guess. */
export function wordOf(confidence, threshold) {
  if (threshold !== null && confidence < threshold) return "guess";
  if (confidence >= SURE) return "sure";
  return confidence >= LIKELY ? "likely" : "unsure";
}

function meter(confidence, word) {
  const percent = Math.round(100 * confidence);
  const bar = make("span", { className: "fill" });
  bar.style.width = `${percent}%`;
  return make("span", { className: `meter ${word}` },
    make("span", { className: "word" }, `${word} ${percent}%`), make("span", { className: "line", "aria-hidden": "true" }, bar));
}

function picture(moment) {
  if (!moment.playable) return make("span", { className: "thumb none" }, "no file");
  const middle = (moment.start_seconds + moment.end_seconds) / 2;
  const image = make("img", { className: "thumb", src: thumbnailOf(moment.id, middle), alt: "", loading: "lazy", width: 160, height: 90 });
  image.addEventListener("error", () => image.replaceWith(make("span", { className: "thumb none" }, "no picture")));
  return image;
}

/** A card; choosing it plays its moment. */
export function card(moment, number, threshold, choose) {
  const word = wordOf(moment.confidence, threshold);
  const button = make("button", { type: "button", className: "card", "aria-pressed": "false", onclick: () => choose(number) },
    picture(moment),
    make("span", { className: "text" },
      make("span", { className: "name" }, moment.name),
      make("span", { className: "times" }, `${clock(moment.start_seconds)} – ${clock(moment.end_seconds)}`),
      meter(moment.confidence, word)));
  return make("li", {}, button);
}

/** Cards that are still to come. */
export const skeletons = (count) =>
  Array.from({ length: count }, () => make("li", { className: "skeleton", "aria-hidden": "true" }, make("span", { className: "card" })));

/** What the answer is, in a line or two. */
export function summary(result, more) {
  const { moments, found, known_words: known } = result;
  if (!moments.length) {
    return [make("h1", {}, "Nothing found"), make("p", {}, "The library has no moments to offer. Add videos, or search in all of them.")];
  }
  const unknown = known < 1
    ? make("p", { className: "quiet" }, known === 0
        ? "The network knows none of these words: try others."
        : `The network knows ${Math.round(100 * known)}% of these words; the others say nothing to it.`)
    : null;
  if (found) {
    const videos = new Set(moments.map((moment) => moment.id)).size;
    return [make("h1", {}, `${moments.length} ${moments.length === 1 ? "moment" : "moments"} in ${videos} ${videos === 1 ? "video" : "videos"}`), ...(unknown ? [unknown] : [])];
  }
  return [
    make("div", { className: "notfound" },
      make("h1", {}, "Not found"),
      make("p", {}, "Nothing in the library seems to show this. Below are the best guesses."),
      make("p", {}, "Other words may help: say what can be seen, such as “a person opens a door”.")),
    ...(unknown ? [unknown] : []),
    ...more,
  ];
}

/** What to do before anything was asked. */
export function welcome(listing, ask, add) {
  if (!listing.total) {
    return [
      make("h1", {}, "The library is empty"),
      make("p", {}, "Add videos here, drop them on the page, or run ", make("code", {}, "leorn index FOLDER --library LIBRARY"), "."),
      make("p", {}, make("button", { type: "button", className: "main", onclick: add }, "Add videos")),
    ];
  }
  return [
    make("h1", {}, "Find the moment"),
    make("p", {}, `Say what it shows; ${listing.total === 1 ? "one video is" : `${listing.total.toLocaleString("en")} videos are`} searched.`),
    make("p", { className: "examples" },
      ...listing.examples.map((text) => make("button", { type: "button", className: "example", onclick: () => ask(text) }, text))),
  ];
}
