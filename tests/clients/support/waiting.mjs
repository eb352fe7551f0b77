// Bounded waiting. No test waits for a span of time: it waits for a fact, and gives up loudly.

// Settles as `promise` does, or rejects after `ms` with a sentence that names what did not happen.
export async function within(ms, what, promise) {
  let timer;
  const expiry = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}

// Asks `probe` again and again until it answers something truthy, and returns that. For facts that Larder does not
// announce, such as "the index has caught up". The pause only spares the CPU; correctness never depends on it.
export async function eventually(ms, what, probe) {
  const deadline = Date.now() + ms;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

// A gate holds whoever awaits `passed` until open() is called.
export function closedGate() {
  let open;
  const passed = new Promise((resolve) => { open = resolve; });
  return { passed, open };
}
