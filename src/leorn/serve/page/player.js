// Plays a moment exactly: from its start, to its end and no further, once or again and again.

const USUAL_FRAME_SECONDS = 1 / 25;

/** Tells of itself by events: `moved` whenever the picture may be another, `changed` when it starts, stops or turns. */
export class Player extends EventTarget {
  #range = { start: 0, end: 0 };
  #frame = USUAL_FRAME_SECONDS;
  #offset = 0;
  #wanted = null;
  #outside = false;

  constructor(video) {
    super();
    this.video = video;
    this.looping = false;
    this.beyond = false;
    for (const event of ["play", "pause", "seeked", "loadedmetadata", "ended"]) {
      video.addEventListener(event, () => this.#tell());
    }
    // the file may end a little before the moment is said to
    video.addEventListener("ended", () => this.looping && this.playRange());
    // in a tab behind others no frame is drawn, but time goes on
    video.addEventListener("timeupdate", () => this.#watch());
    video.addEventListener("error", () => {
      if (video.getAttribute("src")) this.dispatchEvent(new Event("failed"));
    });
    video.addEventListener("loadedmetadata", () => {
      if (this.#wanted !== null) this.time = this.#wanted;
    });
    video.addEventListener("play", () => this.#draw());
    this.#measureFrames();
  }

  /** Show a file. `offset` is when in the whole video it begins: a clip stands for a part of it. */
  open(address, offset = 0) {
    this.#offset = offset;
    this.#frame = USUAL_FRAME_SECONDS;
    this.video.src = address;
  }

  close() {
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  get range() {
    return this.#range;
  }

  set range({ start, end }) {
    this.#range = { start, end };
  }

  /** Seconds since the whole video's start. */
  get time() {
    // where it is going counts while the file is still being opened
    return this.#wanted ?? this.video.currentTime + this.#offset;
  }

  set time(seconds) {
    this.#wanted = seconds;
    // who goes to what comes after the moment wants to see that
    this.#outside = seconds > this.#range.end + this.#frame / 2;
    if (this.video.readyState >= HTMLMediaElement.HAVE_METADATA) {
      this.video.currentTime = Math.max(0, seconds - this.#offset);
      this.#wanted = null;
    }
  }

  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  /** Play the moment from its start. */
  playRange() {
    this.time = this.#range.start;
    return this.#play();
  }

  toggle() {
    if (this.playing) {
      this.video.pause();
      return;
    }
    const atEnd = Math.abs(this.#range.end - this.time) < this.#frame / 2;
    if (this.video.ended || (atEnd && !this.beyond)) this.playRange();
    else this.#play();
  }

  skip(seconds) {
    this.time = Math.max(0, this.time + seconds);
  }

  step(frames) {
    this.video.pause();
    this.skip(frames * this.#frame);
  }

  #play() {
    // a browser may refuse to play what nobody has asked for; the button is there
    return this.video.play().catch(() => undefined);
  }

  #draw() {
    if (!this.playing) return;
    this.#watch();
    requestAnimationFrame(() => this.#draw());
  }

  #watch() {
    if (this.playing && !this.beyond && !this.#outside && this.time >= this.#range.end) {
      if (this.looping) {
        this.time = this.#range.start;
      } else {
        this.video.pause();
        this.time = this.#range.end;
      }
    }
    this.dispatchEvent(new Event("moved"));
  }

  #measureFrames() {
    if (!("requestVideoFrameCallback" in this.video)) return;
    let before = null;
    const seen = (_, { mediaTime }) => {
      const step = before === null ? 0 : mediaTime - before;
      if (this.playing && step > 0.005 && step < 0.2) this.#frame = Math.min(this.#frame * 1.1, step);
      before = mediaTime;
      this.video.requestVideoFrameCallback(seen);
    };
    this.video.requestVideoFrameCallback(seen);
  }

  #tell() {
    this.dispatchEvent(new Event("moved"));
    this.dispatchEvent(new Event("changed"));
  }
}
