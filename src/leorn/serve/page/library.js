// The library's videos: listing them, adding some, taking some out.

import * as api from "./api.js";
import { byId, closable, make, toast } from "./dom.js";
import { clock, spoken } from "./time.js";

const PAGE = 50;
const TYPING_MILLISECONDS = 200;

/** Tells of itself by the event `changed`, when videos have come, or one has gone (detail: its id). */
export class LibraryDialog extends EventTarget {
  #shown = 0;
  #dragged = 0;
  #timer;

  constructor() {
    super();
    this.dialog = byId("library");
    closable(this.dialog);
    byId("open-library").addEventListener("click", () => this.open());
    byId("more").addEventListener("click", () => this.#list(false));
    byId("name").addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#list(), TYPING_MILLISECONDS);
    });
    byId("upload").addEventListener("change", ({ target }) => {
      this.#add([...target.files]);
      target.value = "";
    });
    this.#listenToDrops();
  }

  open() {
    if (!this.dialog.open) this.dialog.showModal();
    return this.#list();
  }

  /** Show the uploads that are still under way, of whoever sent them. */
  async takeUpJobs() {
    const { jobs } = await api.jobs();
    for (const job of jobs) if (job.state === "waiting" || job.state === "running") this.#follow(job, this.#row(job.name));
  }

  async #list(anew = true) {
    if (anew) this.#shown = 0;
    try {
      const { total, videos } = await api.videos({ offset: this.#shown, limit: PAGE, name: byId("name").value });
      const rows = videos.map((video) => this.#video(video));
      if (anew) byId("videos").replaceChildren(...rows);
      else byId("videos").append(...rows);
      this.#shown += videos.length;
      byId("count").textContent = total === 1 ? "1 video" : `${total.toLocaleString("en")} videos`;
      byId("more").hidden = this.#shown >= total;
    } catch (error) {
      byId("count").textContent = error.message;
    }
  }

  #video(video) {
    const button = make("button", { type: "button", className: "danger", "aria-label": `Remove ${video.name}`, onclick: () => this.#remove(video) }, "Remove");
    return make("li", {},
      make("span", { className: "name" }, video.name),
      make("span", { className: "quiet" }, clock(video.duration_seconds) + (video.playable ? "" : ", no file")), button);
  }

  async #remove(video) {
    const sure = byId("sure");
    byId("sure-title").textContent = `Remove ${video.name}?`;
    byId("sure-text").textContent = video.uploaded
      ? "It was uploaded: its file is deleted too."
      : "It leaves the library; its file stays where it is.";
    sure.returnValue = "no";
    sure.showModal();
    await new Promise((resolve) => sure.addEventListener("close", resolve, { once: true }));
    if (sure.returnValue !== "yes") return;
    try {
      await api.remove(video.id);
      toast(`${video.name} was removed`);
      this.dispatchEvent(new CustomEvent("changed", { detail: video.id }));
    } catch (error) {
      toast(error.message);
    }
    this.#list();
  }

  #listenToDrops() {
    const files = (event) => event.dataTransfer?.types.includes("Files");
    const mark = (change) => {
      this.#dragged = Math.max(0, this.#dragged + change);
      document.body.classList.toggle("dropping", this.#dragged > 0);
    };
    document.addEventListener("dragenter", (event) => files(event) && mark(1));
    document.addEventListener("dragleave", (event) => files(event) && mark(-1));
    document.addEventListener("dragover", (event) => files(event) && event.preventDefault());
    document.addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      mark(-this.#dragged);
      this.open();
      this.#add([...event.dataTransfer.files]);
    });
  }

  async #add(files) {
    // one after the other: each is sent as fast as it can be
    for (const file of files) {
      const row = this.#row(file.name);
      try {
        row.say("sending", 0);
        const job = await api.upload(file, (share) => row.say(share < 1 ? "sending" : "looking at it", share));
        this.#follow(job, row);
      } catch (error) {
        row.fail(error.message);
      }
    }
  }

  #follow(job, row) {
    const source = api.follow(job.job, (state) => {
      if (state.state === "done") {
        row.done();
        toast(`${state.name} can be searched`);
        this.dispatchEvent(new CustomEvent("changed"));
        this.#list();
      } else if (state.state === "failed") {
        row.fail(state.reason ?? "it could not be indexed");
      } else {
        const left = state.seconds_left === null ? "" : `, ${spoken(state.seconds_left)} left`;
        row.say(state.state === "waiting" ? "waiting its turn" : `finding objects${left}`, state.total ? state.done / state.total : 0);
      }
    });
    source.onerror = () => {
      // the browser asks again by itself, but for a service that is gone
      if (source.readyState === EventSource.CLOSED) row.fail("the service does not answer any more; it goes on when it is started again");
    };
  }

  #row(name) {
    const bar = make("progress", { max: 1, value: 0, "aria-label": `Progress of ${name}` });
    const text = make("span", { className: "quiet" });
    const row = make("li", {}, make("span", { className: "name" }, name), text, bar);
    byId("jobs").prepend(row);
    return {
      say(what, share) {
        text.textContent = what;
        bar.value = share;
      },
      done() {
        text.textContent = "can be searched";
        row.classList.add("done");
        bar.remove();
      },
      fail(why) {
        text.textContent = why;
        row.classList.add("failed");
        bar.remove();
      },
    };
  }
}
