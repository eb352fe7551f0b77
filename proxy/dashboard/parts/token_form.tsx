// Asks for the admin token. It stays in this tab (sessionStorage) and goes to this server alone.

import { useEffect, useRef } from 'preact/hooks';
import { keepToken } from '../data/api';

export function TokenForm({ why, onToken }: { why: string; onToken: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    keepToken(field.current?.value.trim() ?? '');
    onToken();
  };
  return (
    <form id="token-form" class="card gate" onSubmit={submit}>
      <h2>Admin token needed</h2>
      <p role="alert">{why}</p>
      <label for="token">Admin token</label>
      <div class="row">
        <input id="token" ref={field} type="password" autocomplete="off" spellcheck={false} required />
        <button class="primary" type="submit">Open</button>
      </div>
      <p class="soft">It is what the server was started with (<code>LARDER_ADMIN_TOKEN</code>). It stays in
        this tab and is forgotten when the tab closes.</p>
    </form>
  );
}
