// The one stream of page states (edge/web/feed.py), and how long it has been silent.

export const STALE_MS = 3000; // ST-07: three heartbeats missed
const REOPEN_MS = 2000; // after a refusal (503), which a browser does not retry by itself
const ASKED_FOR = "edition";

let heardAt = [performance.now(), Date.now()]; // of the last message that was shown: [monotonic, wall] ms

// `hear` gets each state. After one that it could not show, `lose` takes everything off the page: half a state, or the
// one before, is not what the gateway says.
export function listen(hear, lose) {
  const open = () => {
    const stream = new EventSource("/events");
    stream.onmessage = (event) => {
      const state = JSON.parse(event.data);
      if (isOfAnother(state.edition)) {
        location.reload();
        return;
      }
      try {
        hear(state);
        heardAt = [performance.now(), Date.now()];
      } catch (fault) {
        lose();
        throw fault; // to the browser's console
      }
    };
    stream.onerror = () => {
      if (stream.readyState !== EventSource.CLOSED) return;
      stream.close();
      setTimeout(open, REOPEN_MS);
    };
  };
  open();
}

// The gateway has other pages now, or another layout (edge/web/edition.py). Asked for once only: a page that comes again
// as it was shows what it can.
function isOfAnother(edition) {
  if (edition === document.documentElement.dataset.edition || sessionStorage.getItem(ASKED_FOR) === edition) return false;
  sessionStorage.setItem(ASKED_FOR, edition);
  return true;
}

// Two clocks: the monotonic one stands still while a computer sleeps, the wall clock may be set.
export function isLost() {
  return Math.max(performance.now() - heardAt[0], Math.abs(Date.now() - heardAt[1])) > STALE_MS;
}
