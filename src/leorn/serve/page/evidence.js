// What was looked at: boxes over the picture, as strong as the attention they got, and the objects in words.

import { make } from "./dom.js";

const LEAST_WEIGHT = 0.02;
const LINE = 2;

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
    for (const object of [...drawn].reverse()) this.#box(context, picture, object);
  }

  #box(context, picture, object) {
    const [x1, y1, x2, y2] = object.box;
    const [left, top] = [picture.left + x1 * picture.width, picture.top + y1 * picture.height];
    const [width, height] = [(x2 - x1) * picture.width, (y2 - y1) * picture.height];
    const colour = object.answers ? "#fbbf24" : "#e5e7eb";
    context.globalAlpha = 0.35 + 0.65 * Math.min(1, object.weight || object.score);
    context.lineWidth = LINE + 2 * Math.min(1, object.weight);
    context.strokeStyle = "#000a";
    context.strokeRect(left - 1, top - 1, width + 2, height + 2);
    context.strokeStyle = colour;
    context.strokeRect(left, top, width, height);
    const text = object.weight ? `${object.label} ${Math.round(100 * object.weight)}%` : object.label;
    const wide = context.measureText(text).width + 10;
    const above = top >= 18 ? top - 18 : top;
    context.globalAlpha = 0.9;
    context.fillStyle = colour;
    context.fillRect(left - 1, above, wide, 18);
    context.globalAlpha = 1;
    context.fillStyle = "#111827";
    context.fillText(text, left + 4, above + 9);
  }
}

/** Say in words which objects carried a moment, and which words of the query they answer. */
export function attended(objects) {
  return objects
    .filter((object) => object.attention >= LEAST_WEIGHT)
    .map((object) =>
      make("span", { className: object.answers ? "chip answers" : "chip" },
        `${object.label} ${Math.round(100 * object.attention)}%${object.answers ? ` → “${object.answers}”` : ""}`));
}
