// The moment that is shown: its video, where it lies in it, and what was looked at.

import * as api from "./api.js";
import { byId, setIcon, toast } from "./dom.js";
import { Boxes, attended } from "./evidence.js";
import { Player } from "./player.js";
import { clock } from "./time.js";
import { Timeline } from "./timeline.js";

export const NEAR_SECONDS = 0.05;

/** Whether two moments begin and end at the same time. */
export const alike = (one, other) =>
  Math.abs(one.start_seconds - other.start_seconds) < NEAR_SECONDS && Math.abs(one.end_seconds - other.end_seconds) < NEAR_SECONDS;

/** Tells of itself by events: `picked` (detail: a moment of the video that is shown), `ranged` when a person has moved an end. */
export class Stage extends EventTarget {
  #query = "";
  #explained = null;
  #explaining = new AbortController();

  constructor() {
    super();
    this.moment = null;
    this.player = new Player(byId("video"));
    this.timeline = new Timeline(byId("timeline"));
    this.boxes = new Boxes(byId("boxes"), this.player.video);
    this.#listen();
  }

  /** Show a moment of a video. With a query its evidence is shown too. */
  async show(moment, { query = "", play = false, t = null } = {}) {
    const another = this.moment?.id !== moment.id || byId("stage").hidden;
    const asked = another || query !== this.#query;
    Object.assign(this, { moment });
    this.#query = query;
    byId("stage").hidden = false;
    byId("title").textContent = moment.name;
    byId("whole").textContent = ` / ${clock(moment.duration_seconds)}`;
    if (asked) {
      this.#explained = null;
      this.boxes.frames = [];
      byId("attended").replaceChildren();
    }
    if (another) this.#open();
    this.#setRange({ start: moment.start_seconds, end: moment.end_seconds });
    this.#showExplained();
    this.player.time = t ?? moment.start_seconds;
    this.#redraw();
    if (play) this.player.playRange();
    if (asked) await this.#explain();
  }

  hide() {
    this.#explaining.abort();
    this.player.close();
    byId("stage").hidden = true;
    this.moment = null;
  }

  get range() {
    return this.player.range;
  }

  toggleLoop() {
    this.player.looping = !this.player.looping;
    if (this.player.looping) this.player.beyond = false;
    this.#showPressed();
  }

  toggleBeyond() {
    this.player.beyond = !this.player.beyond;
    if (this.player.beyond) {
      this.player.looping = false;
      if (this.moment && !this.player.playing) this.player.toggle();
    }
    this.#showPressed();
  }

  toggleEvidence() {
    this.boxes.shown = !this.boxes.shown;
    this.#showPressed();
    this.#redraw();
  }

  #showPressed() {
    for (const [id, pressed] of [["loop", this.player.looping], ["beyond", this.player.beyond], ["evidence", this.boxes.shown]]) {
      byId(id).setAttribute("aria-pressed", String(pressed));
    }
  }

  #open() {
    const { id, playable } = this.moment;
    this.#say(playable ? "" : "The library knows no file of this video, only its objects.");
    if (playable) this.player.open(api.streamOf(id));
    else this.player.close();
  }

  #say(text) {
    byId("unplayable").hidden = !text;
    byId("unplayable").textContent = text;
  }

  async #explain() {
    this.#explaining.abort();
    if (!this.#query) return;
    this.#explaining = new AbortController();
    try {
      this.#explained = await api.evidence(this.moment.id, this.#query, this.#explaining.signal);
      this.boxes.frames = this.#explained.frames;
      this.#showExplained();
    } catch (error) {
      if (error.name !== "AbortError") toast(error.message);
    }
  }

  #showExplained() {
    const moments = this.#explained?.moments ?? [this.moment];
    const number = moments.findIndex((one) => alike(one, this.moment));
    this.timeline.show(this.moment.duration_seconds, moments, this.#explained?.curve, this.#explained?.threshold);
    this.timeline.current = number;
    byId("attended").replaceChildren(...attended(moments[number]?.objects ?? []));
    this.#redraw();
  }

  #setRange(range) {
    this.player.range = range;
    this.timeline.range = range;
  }

  #redraw() {
    const { time } = this.player;
    this.timeline.time = time;
    this.boxes.draw(time);
    byId("clock").textContent = clock(time);
  }

  #showPlaying() {
    const { playing } = this.player;
    setIcon(byId("play"), playing ? "pause" : "play", playing ? "Pause" : "Play");
  }

  /** What this browser cannot decode it is given anew, the moment alone. */
  #convert() {
    if (!this.moment?.playable) return;
    const { start, end } = this.range;
    if (this.player.video.src.includes("/api/export")) {
      this.#say("The file cannot be played, or is gone. Index its folder again.");
      return;
    }
    toast("This browser cannot play the file: the moment is converted");
    this.player.open(api.clipOf(this.moment.id, start, end), start);
    this.player.time = start;
  }

  #listen() {
    const { player, timeline } = this;
    player.addEventListener("moved", () => this.#redraw());
    player.addEventListener("changed", () => this.#showPlaying());
    player.addEventListener("failed", () => this.#convert());
    timeline.addEventListener("seek", ({ detail }) => {
      player.time = detail;
      this.#redraw();
    });
    timeline.addEventListener("pick", ({ detail }) => {
      const { start_seconds, end_seconds } = (this.#explained?.moments ?? [this.moment])[detail];
      this.dispatchEvent(new CustomEvent("picked", { detail: { ...this.moment, start_seconds, end_seconds } }));
    });
    timeline.addEventListener("range", ({ detail }) => {
      player.range = timeline.range;
      player.time = timeline.range[detail];
      this.dispatchEvent(new Event("ranged"));
    });
    byId("video").addEventListener("click", () => player.toggle());
    byId("play").addEventListener("click", () => player.toggle());
    byId("loop").addEventListener("click", () => this.toggleLoop());
    byId("beyond").addEventListener("click", () => this.toggleBeyond());
    byId("evidence").addEventListener("click", () => this.toggleEvidence());
  }
}
