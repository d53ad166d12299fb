// A range as a file of another program.

import { exportFile } from "./api.js";
import { byId, make, setIcon, toast } from "./dom.js";

const NEEDS_RATE = new Set(["edl", "otio"]);

/** Let the form export what `chosen` gives: `{id, start, end, query}`, or nothing. */
export function listen(chosen) {
  const form = byId("export");
  const format = byId("format");
  const showRate = () => {
    byId("rate").hidden = !NEEDS_RATE.has(format.value);
  };
  format.addEventListener("change", showRate);
  showRate();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const range = chosen();
    if (!range) return;
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    setIcon(button, "save", "Exporting …");
    try {
      const rate = NEEDS_RATE.has(format.value) ? byId("frame-rate").value : null;
      const { id, start, end, query } = range;
      save(await exportFile({ format: format.value, frame_rate: rate, id, start_seconds: start, end_seconds: end, query }));
    } catch (error) {
      toast(error.message);
    } finally {
      button.disabled = false;
      setIcon(button, "save", "Export");
    }
  });
}

function save({ name, content }) {
  const address = URL.createObjectURL(content);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
