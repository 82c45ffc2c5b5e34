// A fake server for browser tests: streams and poll responses that a test controls.
window.fakes = {
  streams: [],
  polls: [],
  answer: null,
  reloads: 0,
  now: window.fakes?.now,
};

window.EventSource = class extends EventTarget {
  constructor(url) {
    super();
    Object.assign(this, { url, readyState: 0, onopen: null, onerror: null });
    fakes.streams.push(this);
  }
  close() {
    this.readyState = 2;
  }
  open() {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }
  fail() {
    this.onerror?.(new Event("error"));
  }
  feed(name, lastEventId, data) {
    if (this.readyState !== 2)
      this.dispatchEvent(new MessageEvent(name, { lastEventId, data }));
  }
};

const fetchAnything = window.fetch.bind(window);
window.fetch = async (url, ...rest) => {
  if (!String(url).startsWith("/api/")) return fetchAnything(url, ...rest);
  fakes.polls.push(url);
  if (!fakes.answer) throw new TypeError("no network");
  return new Response(fakes.answer);
};

// Advances the clock; the `online` event makes the page read it.
fakes.now ??= Date.now.bind(Date);
fakes.pass = (ms) => {
  const advanced = fakes.now() + ms;
  Date.now = () => advanced;
  window.dispatchEvent(new Event("online"));
};
Date.now = fakes.now;
