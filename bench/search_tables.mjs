// Figures and Markdown tables for bench/search.

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

// "least to most"
export function spread(numbers) {
  return `${Math.min(...numbers).toFixed(0)} to ${Math.max(...numbers).toFixed(0)}`;
}

// Empty unless both are there.
export function ratio(a, b) {
  return a && b ? (a / b).toFixed(2) : "";
}

export function printTable(head, rows) {
  const line = (cells) => console.log(`| ${cells.join(" | ")} |`);
  line(head);
  console.log(`|${head.map(() => "---|").join("")}`);
  rows.forEach(line);
}
