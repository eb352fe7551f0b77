// System calls that fail, by strace.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../../clients/support/waiting.mjs';

export function canInject() {
  try {
    execFileSync('strace', ['-qq', '-o', '/dev/null', 'true'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

// From now on these calls fail in every thread of the server, as `when` says (strace(1): "2+5" is the second and then every
// fifth), until what this returns is called.
export async function inject(server, { call, error, when }) {
  const child = spawn('strace', ['-f', '-o', '/dev/null', '-e', `trace=${call}`,
                                 '-e', `inject=${call}:error=${error}:when=${when}`, '-p', String(server.pid)],
                      { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { said += text; });
  const exited = once(child, 'close');
  await eventually(5000, 'strace is attached', () => {
    if (child.exitCode !== null) throw new Error(`strace ended: ${said}`);
    return /attached/.test(said);
  });
  return async () => {
    child.kill('SIGINT');
    await exited;
  };
}
