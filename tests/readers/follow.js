// Follows a stream with EventSource and nothing else, until the 204 that ends it for good.
// Run by Chromium with its own EventSource, and by Node with npm's.
(url) =>
  new Promise((resolve) => {
    const seen = [];
    const stream = new EventSource(url);
    const events = ["job_progress", "job_input_required", "job_complete", "job_failed", "job_cancelled"];
    // A phantom event, made of what is none, would be a "message".
    for (const name of ["message", "hello", "reset", "reconnect", "end", ...events])
      stream.addEventListener(name, (frame) => seen.push([frame.lastEventId, frame.type, frame.data]));
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) resolve(seen);
    });
  })
