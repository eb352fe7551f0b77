// Tables as CSV. Source: RFC 4180; a cell that a spreadsheet would take for a formula gets an apostrophe in front
// (OWASP, "CSV Injection").

export type Cell = string | number | boolean | null;

function quoted(cell: Cell): string {
  if (cell === null) return '';
  let text = String(cell);
  if (typeof cell === 'string' && /^[=+\-@\t\r\n＝＋－＠]/.test(text)) text = `'${text}`;
  return /[",\r\n']/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvOf(rows: Cell[][]): string {
  return rows.map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
}

// Hands `text` to the browser as a file of that name.
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
