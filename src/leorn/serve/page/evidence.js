// What was looked at: boxes over the picture, as strong as the attention they got, and the objects in words.

import { make } from "./dom.js";

const LEAST_WEIGHT = 0.02;
const LINE = 2;
const LABEL = 18;
const [ANSWERS, OTHER, INK] = ["#fbbf24", "#e5e7eb", "#111827"];

/** The frame that is shown at a time: the last sampled one that does not come after it. */
export function frameAt(frames, seconds) {
  let [low, high] = [0, frames.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (frames[middle].time_seconds <= seconds) low = middle + 1;
    else high = middle;
  }
  return frames[Math.max(0, low - 1)] ?? null;
}

/** Where the picture lies in a video element that keeps its proportions. */
function pictureIn(video) {
  const { clientWidth: width, clientHeight: height } = video;
  if (!video.videoWidth) return null;
  const scale = Math.min(width / video.videoWidth, height / video.videoHeight);
  const [shownWidth, shownHeight] = [video.videoWidth * scale, video.videoHeight * scale];
  return { left: (width - shownWidth) / 2, top: (height - shownHeight) / 2, width: shownWidth, height: shownHeight };
}

export class Boxes {
  #frames = [];

  constructor(canvas, video) {
    this.canvas = canvas;
    this.video = video;
    this.shown = false;
    new ResizeObserver(() => this.draw(this.#time)).observe(video);
  }

  #time = 0;

  set frames(frames) {
    this.#frames = frames;
    this.draw(this.#time);
  }

  draw(seconds) {
    this.#time = seconds;
    const { canvas, video } = this;
    const dense = window.devicePixelRatio || 1;
    canvas.width = video.clientWidth * dense;
    canvas.height = video.clientHeight * dense;
    canvas.hidden = !this.shown;
    const frame = this.shown ? frameAt(this.#frames, seconds) : null;
    const picture = pictureIn(video);
    if (!frame || !picture) return;
    const context = canvas.getContext("2d");
    context.scale(dense, dense);
    context.font = "600 12px system-ui, sans-serif";
    context.textBaseline = "middle";
    const weighted = frame.objects.filter((object) => object.weight >= LEAST_WEIGHT);
    // without weights every object that was found is evidence
    const drawn = weighted.length || frame.objects.some((object) => object.weight > 0) ? weighted : frame.objects;
    const placed = drawn.map((object) => ({ object, ...placeIn(picture, object.box) }));
    for (const one of [...placed].reverse()) outline(context, one);
    const taken = [];
    for (const one of placed) label(context, one, picture, taken);
  }
}

function placeIn(picture, [x1, y1, x2, y2]) {
  return {
    left: picture.left + x1 * picture.width,
    top: picture.top + y1 * picture.height,
    width: (x2 - x1) * picture.width,
    height: (y2 - y1) * picture.height,
  };
}

const colourOf = (object) => (object.answers ? ANSWERS : OTHER);

function outline(context, { object, left, top, width, height }) {
  context.globalAlpha = 0.4 + 0.6 * Math.min(1, object.weight || object.score);
  context.lineWidth = LINE + 2 * Math.min(1, object.weight);
  context.strokeStyle = "#000a";
  context.strokeRect(left - 1, top - 1, width + 2, height + 2);
  context.strokeStyle = colourOf(object);
  context.strokeRect(left, top, width, height);
}

/** Write what an object is beside its box, where nothing is written yet; the heaviest objects choose first. */
function label(context, { object, left, top, width, height }, picture, taken) {
  const text = object.weight ? `${object.label} ${Math.round(100 * object.weight)}%` : object.label;
  const wide = context.measureText(text).width + 10;
  const right = picture.left + picture.width - wide;
  const places = [top - LABEL, top + height, top, top + height - LABEL].flatMap((y) => [left - 1, left + width + 1 - wide].map((x) => ({
    x: Math.max(picture.left, Math.min(x, right)), y, wide,
  })));
  const inside = ({ y }) => y >= picture.top && y + LABEL <= picture.top + picture.height;
  const free = places.find((place) => inside(place) && !taken.some((other) => overlap(place, other)));
  if (!free) return;
  taken.push(free);
  context.globalAlpha = 0.92;
  context.fillStyle = colourOf(object);
  context.fillRect(free.x, free.y, wide, LABEL);
  context.globalAlpha = 1;
  context.fillStyle = INK;
  context.fillText(text, free.x + 5, free.y + LABEL / 2);
}

const overlap = (one, other) =>
  one.x < other.x + other.wide && other.x < one.x + one.wide && Math.abs(one.y - other.y) < LABEL;

/** Say in words which objects carried a moment, and which words of the query they answer. */
export function attended(objects) {
  return objects
    .filter((object) => object.attention >= LEAST_WEIGHT)
    .map((object) =>
      make("li", { className: object.answers ? "chip answers" : "chip" },
        object.label, make("b", {}, `${Math.round(100 * object.attention)}%`), object.answers ? `answers “${object.answers}”` : ""));
}
