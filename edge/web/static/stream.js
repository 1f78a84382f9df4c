// The one stream of page states (edge/web/feed.py), and how long it has been silent.

export const STALE_MS = 3000; // ST-07: three heartbeats missed
const REOPEN_MS = 2000; // after a refusal (503), which a browser does not retry by itself

let heardAt = [performance.now(), Date.now()]; // of the last message: [monotonic, wall] ms

// `hear` gets each state; `found` is called when a stream has opened again after one that ended.
export function listen(hear, found = () => {}) {
  let ended = false;
  const open = () => {
    const stream = new EventSource("/events");
    stream.onopen = () => {
      if (ended) found();
      ended = false;
    };
    stream.onmessage = (event) => {
      const state = JSON.parse(event.data);
      heardAt = [performance.now(), Date.now()];
      hear(state);
    };
    stream.onerror = () => {
      ended = true;
      if (stream.readyState !== EventSource.CLOSED) return;
      stream.close();
      setTimeout(open, REOPEN_MS);
    };
  };
  open();
}

// Two clocks: the monotonic one stands still while a computer sleeps, the wall clock may be set.
export function isLost() {
  return Math.max(performance.now() - heardAt[0], Math.abs(Date.now() - heardAt[1])) > STALE_MS;
}
