// What happens, as it happens: server-sent events in batches. EventSource gives up where
// an answer is no stream, so that trying again is done here, with growing pauses.

const first = 500, longest = 15000;

// open follows kinds until close() is called. told(events) is called with each batch,
// state("open" | "lost") when the stream comes and goes.
export function open(kinds, told, state) {
  let source, timer, pause = first, closed = false;
  const connect = () => {
    source = new EventSource("api/v1/follow?kinds=" + encodeURIComponent(kinds.join(",")), { withCredentials: true });
    source.onopen = () => { pause = first; state("open"); };
    source.onmessage = (m) => {
      let events;
      try { events = JSON.parse(m.data); } catch { return; }
      told(Array.isArray(events) ? events : [events]);
    };
    source.onerror = () => {
      source.close();
      if (closed) return;
      state("lost");
      clearTimeout(timer);
      timer = setTimeout(connect, pause * (0.5 + Math.random() / 2));
      pause = Math.min(pause * 2, longest);
    };
  };
  connect();
  return { close() { closed = true; clearTimeout(timer); source.close(); } };
}
