// Server-sent events read from a fetch: EventSource tells nothing of a refusal.
// Source: the HTML standard, 9.2.6 (interpreting an event stream).

export interface ServerEvent {
  event: string;
  data: string;
  id: string;
}

// Calls `take` with each event of `stream`; returns when the stream ends.
export async function readEvents(stream: ReadableStream<Uint8Array>, take: (event: ServerEvent) => void):
    Promise<void> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let event = { event: '', data: [] as string[], id: '' };
  const line = (text: string): void => {
    if (text === '') {
      if (event.data.length > 0) take({ event: event.event || 'message', data: event.data.join('\n'), id: event.id });
      event = { event: '', data: [], id: event.id };
      return;
    }
    const colon = text.indexOf(':');
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + (text[colon + 1] === ' ' ? 2 : 1));
    if (name === 'data') event.data.push(value);
    if (name === 'event') event.event = value;
    if (name === 'id') event.id = value;
  };
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    lines.forEach(line);
  }
}
