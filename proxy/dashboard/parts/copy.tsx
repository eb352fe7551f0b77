import { useState } from 'preact/hooks';

// Copies a text. Not there where the browser has no clipboard for pages (plain HTTP on another host).
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  if (!navigator.clipboard) return null;
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button type="button" class="small" onClick={copy} aria-label={copied ? 'Copied' : `Copy ${what}`}>
      {copied ? 'Copied' : 'Copy'}
    </button>
  );
}
