// What the page shows, as its address says it: a link to a moment is the address.

const number = (values, name) => {
  const value = Number.parseFloat(values.get(name));
  return Number.isFinite(value) && value >= 0 ? value : null;
};

/** Return the query, the filter of videos, and the moment with the time in it, where there are any. */
export function read() {
  const values = new URLSearchParams(location.search);
  return {
    query: values.get("query") ?? "",
    videos: values.get("videos") ?? "",
    id: values.get("id"),
    start: number(values, "start"),
    end: number(values, "end"),
    t: number(values, "t"),
  };
}

/** Return the address of what is shown. */
export function addressOf({ query = "", videos = "", id = null, start = null, end = null, t = null }) {
  const values = new URLSearchParams();
  if (query) values.set("query", query);
  if (videos) values.set("videos", videos);
  if (id) values.set("id", id);
  for (const [name, value] of Object.entries({ start, end, t })) {
    if (id && value !== null) values.set(name, value.toFixed(2));
  }
  return values.size ? `/?${values}` : "/";
}

/** Show it in the address line: a new question is a step to go back from, another moment is none. */
export function write(shown, { step = false } = {}) {
  const address = addressOf(shown);
  if (address === location.pathname + location.search) return;
  history[step ? "pushState" : "replaceState"](null, "", address);
}
