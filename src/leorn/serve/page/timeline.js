// The whole video under the player: how well each part fits, the moments, the chosen range and where we are.

import { make } from "./dom.js";
import { clock, spoken } from "./time.js";

const STEP_SECONDS = 0.1;
const FAR_SECONDS = 1;
const SHORTEST_SECONDS = 0.1;
const HUE_STEPS = 256;

/** The lane of each moment, the first one that is free: later ones do not cover earlier ones. */
export function lanesOf(moments) {
  const lanes = [];
  return moments.map((moment) => {
    const free = lanes.findIndex((lane) => lane.every((other) => other.end_seconds <= moment.start_seconds || other.start_seconds >= moment.end_seconds));
    const lane = free < 0 ? lanes.length : free;
    (lanes[lane] ??= []).push(moment);
    return lane;
  });
}

/** Tells of itself by events: `seek` (detail: seconds), `pick` (detail: number of a moment), `range`. */
export class Timeline extends EventTarget {
  #duration = 1;
  #range = { start: 0, end: 0 };
  #curve = [];

  constructor(place) {
    super();
    this.heat = make("canvas", { className: "heat", "aria-hidden": "true", height: 1 });
    this.bars = make("div", { className: "bars" });
    this.chosen = make("div", { className: "chosen" });
    this.start = this.#handle("start", "Start of the range");
    this.end = this.#handle("end", "End of the range");
    this.head = make("div", { className: "head", role: "slider", tabIndex: 0, "aria-label": "Position" });
    this.track = make("div", { className: "track" }, this.heat, this.chosen, this.bars, this.head, this.start, this.end);
    this.label = make("div", { className: "marks" });
    place.append(this.track, this.label);
    this.#listen();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#paint(this.#curve));
  }

  /** Show a video: its length, its moments, and the score over time where it is known. */
  show(duration, moments, curve = [], threshold = null) {
    this.#duration = Math.max(duration, SHORTEST_SECONDS);
    const lanes = lanesOf(moments);
    this.bars.replaceChildren(...moments.map((moment, number) => this.#bar(moment, lanes[number], number, moment.confidence < threshold)));
    this.bars.style.setProperty("--lanes", 1 + Math.max(0, ...lanes));
    this.#paint(curve);
    this.label.replaceChildren(make("span", {}, clock(0)), make("span", { className: "range" }), make("span", {}, clock(duration)));
    this.range = this.#range;
  }

  get range() {
    return this.#range;
  }

  set range({ start, end }) {
    this.#range = { start, end };
    this.#place(this.chosen, start, end);
    for (const [handle, at] of [[this.start, start], [this.end, end]]) this.#put(handle, at);
    const text = this.label.querySelector(".range");
    if (text) text.textContent = `${clock(start)} – ${clock(end)}`;
  }

  set current(number) {
    [...this.bars.children].forEach((bar, at) => bar.setAttribute("aria-pressed", String(at === number)));
  }

  set time(seconds) {
    this.#put(this.head, Math.min(seconds, this.#duration));
  }

  #handle(side, label) {
    return make("div", { className: `handle ${side}`, role: "slider", tabIndex: 0, "aria-label": label, title: label });
  }

  #bar(moment, lane, number, isGuess) {
    const bar = make("button", {
      type: "button",
      className: isGuess ? "bar guess" : "bar",
      title: `${number + 1}. ${clock(moment.start_seconds)} – ${clock(moment.end_seconds)}`,
      "aria-label": `Moment ${number + 1}, from ${spoken(moment.start_seconds)} to ${spoken(moment.end_seconds)}`,
      "aria-pressed": "false",
      onclick: () => this.#tell("pick", number),
    }, String(number + 1));
    this.#place(bar, moment.start_seconds, moment.end_seconds);
    bar.style.setProperty("--lane", lane);
    return bar;
  }

  #paint(curve) {
    this.#curve = curve;
    this.heat.width = Math.max(1, curve.length);
    const context = this.heat.getContext("2d");
    context.clearRect(0, 0, this.heat.width, 1);
    const colour = getComputedStyle(this.track).getPropertyValue("--heat").trim() || "#0f766e";
    context.fillStyle = colour;
    curve.forEach((score, at) => {
      context.globalAlpha = Math.round(Math.min(1, Math.max(0, score)) * (HUE_STEPS - 1)) / (HUE_STEPS - 1);
      context.fillRect(at, 0, 1, 1);
    });
  }

  #place(element, start, end) {
    element.style.left = `${(100 * start) / this.#duration}%`;
    element.style.width = `${(100 * (end - start)) / this.#duration}%`;
  }

  #put(slider, seconds) {
    slider.style.left = `${(100 * seconds) / this.#duration}%`;
    slider.setAttribute("aria-valuemin", "0");
    slider.setAttribute("aria-valuemax", this.#duration.toFixed(2));
    slider.setAttribute("aria-valuenow", seconds.toFixed(2));
    slider.setAttribute("aria-valuetext", spoken(seconds));
  }

  #secondsAt(event) {
    const { left, width } = this.track.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width)) * this.#duration;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #listen() {
    this.#drag(this.track, (seconds) => this.#tell("seek", seconds));
    this.#drag(this.start, (seconds) => this.#move("start", seconds));
    this.#drag(this.end, (seconds) => this.#move("end", seconds));
    this.#keys(this.head, (seconds) => this.#tell("seek", seconds));
    this.#keys(this.start, (seconds) => this.#move("start", seconds));
    this.#keys(this.end, (seconds) => this.#move("end", seconds));
  }

  #move(side, seconds) {
    const { start, end } = this.#range;
    this.range =
      side === "start"
        ? { start: Math.max(0, Math.min(seconds, end - SHORTEST_SECONDS)), end }
        : { start, end: Math.min(this.#duration, Math.max(seconds, start + SHORTEST_SECONDS)) };
    this.#tell("range", side);
  }

  /** Mouse, pen and finger: what is under way goes on outside of the element. */
  #drag(element, moved) {
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest(".bar, .handle, .head") !== (element === this.track ? null : element)) return;
      event.preventDefault();
      event.stopPropagation();
      element.setPointerCapture(event.pointerId);
      moved(this.#secondsAt(event));
      const move = (next) => moved(this.#secondsAt(next));
      element.addEventListener("pointermove", move);
      const end = () => element.removeEventListener("pointermove", move);
      element.addEventListener("pointerup", end, { once: true });
      element.addEventListener("pointercancel", end, { once: true });
    });
  }

  #keys(slider, moved) {
    slider.addEventListener("keydown", (event) => {
      const now = Number.parseFloat(slider.getAttribute("aria-valuenow"));
      const step = event.shiftKey ? FAR_SECONDS : STEP_SECONDS;
      const to = { ArrowLeft: now - step, ArrowDown: now - step, ArrowRight: now + step, ArrowUp: now + step, Home: 0, End: this.#duration }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      moved(Math.min(this.#duration, Math.max(0, to)));
    });
  }
}
