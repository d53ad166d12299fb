// What there is to see before anything was asked: sentences to begin with, and the library's videos.

import { thumbnailOf } from "./api.js";
import { make } from "./dom.js";
import { picture } from "./results.js";
import { clock } from "./time.js";

const SHOWN_AT = 1 / 3;

/** A video of the sheet; choosing it shows it from its start. */
function film(video, watch) {
  const still = picture(video.playable ? thumbnailOf(video.id, video.duration_seconds * SHOWN_AT) : null, clock(video.duration_seconds));
  return make("li", {},
    make("button", { type: "button", className: "film", onclick: () => watch(video) }, still, make("span", { className: "name" }, video.name)));
}

const sheet = (listing, watch) => make("ul", { className: "sheet" }, ...listing.videos.map((video) => film(video, watch)));

const counted = (total) => (total === 1 ? "1 video" : `${total.toLocaleString("en")} videos`);

/** Say what to do. */
export function welcome(listing, { ask, add, watch }) {
  if (!listing.total) {
    return [
      make("h2", {}, "The library is empty"),
      make("p", {}, "Add videos here, drop them on the page, or run ", make("code", {}, "leorn index FOLDER --library LIBRARY"), "."),
      make("p", {}, make("button", { type: "button", className: "main", onclick: add }, "Add videos")),
    ];
  }
  const examples = listing.examples.map((text) => make("button", { type: "button", className: "example", onclick: () => ask(text) }, text));
  return [
    make("p", { className: "lead" }, `Say what it shows, and ${counted(listing.total)} will be searched for it.`),
    examples.length ? make("p", { className: "examples" }, make("span", { className: "quiet" }, "Such as"), ...examples) : "",
    make("h2", { className: "sheet-title" }, "In the library"),
    sheet(listing, watch),
  ];
}

/** The videos beside the one that is watched. */
export const watching = (listing, watch) => [make("h1", {}, counted(listing.total)), sheet(listing, watch)];
