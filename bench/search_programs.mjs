// The programs that bench/search compares, and a running one of them. What they speak is in
// search_index.h.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";

// Name for --only, program, its VARIANT.
const known = [
  ["larder-int8", "bench_search_larder", "int8"],
  ["larder-bf16", "bench_search_larder", "bf16"],
  ["larder-float32", "bench_search_larder", "float32"],
  ["larder-int8-as-peers", "bench_search_larder", "int8-as-peers"],
  ["faiss-root", "bench_search_faiss_root", "float32"],
  ["faiss-root-sq8", "bench_search_faiss_root", "sq8"],
  ["faiss-root-flat", "bench_search_faiss_root", "flat"],
  ["faiss", "bench_search_faiss", "float32"],
  ["faiss-sq8", "bench_search_faiss", "sq8"],
  ["faiss-flat", "bench_search_faiss", "flat"],
  ["hnswlib-avx512", "bench_search_hnswlib_avx512", "float32"],
  ["hnswlib-avx2", "bench_search_hnswlib_avx2", "float32"],
  ["usearch-f32", "usearch", "f32"],
  ["usearch-bf16", "usearch", "bf16"],
  ["usearch-i8", "usearch", "i8"],
];
// Of these the first that runs is what the others are compared with.
export const faissBaselines = ["faiss-root", "faiss"];
export const hnswlibBaselines = ["hnswlib-avx512", "hnswlib-avx2"];

// Those of `only` (names; all when it is empty) that are there, to be built with this M. Throws on
// a name it does not know.
export function availablePrograms(folder, only, m) {
  const wrong = only.filter((name) => !known.some(([other]) => other === name));
  if (wrong.length > 0) {
    throw new Error(`unknown: ${wrong}; known: ${known.map(([name]) => name).join(" ")}`);
  }
  const modules = process.env.LARDER_BENCH_MODULES;
  return known
    .filter(([name]) => only.length === 0 || only.includes(name))
    .map(([name, program, variant]) => {
      const usearch = program === "usearch";
      const file = usearch ? `${modules}/node_modules/usearch` : `${folder}/${program}`;
      const script = new URL("search_usearch.mjs", import.meta.url).pathname;
      const command = usearch ? [process.execPath, "--expose-gc", script] : [file];
      return { name, there: existsSync(file), command: [...command, variant], options: ["--m", m] };
    })
    .filter(({ there }) => there);
}

// A program that has built its index of the vectors in a folder, and then answers line by line.
export class RunningIndex {
  // Resolves when the index is built. Rejects when the program ends before.
  static async start({ name, command, options }, data) {
    const index = new RunningIndex(name, [...command, data, ...options]);
    index.built = await index.#answer();
    return index;
  }

  constructor(name, [program, ...words]) {
    this.name = name;
    this.#process = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.on("error", () => {});
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async ask(line) {
    this.#process.stdin.write(`${line}\n`);
    return this.#answer();
  }

  // Searches every query once with this ef.
  run(ef) {
    return this.ask(`run ${ef}`);
  }

  // Resolves when the program has cleaned up and is gone.
  async quit() {
    const gone = once(this.#process, "exit");
    this.#process.stdin.write("quit\n");
    await gone;
  }

  // At once, whatever it does.
  kill() {
    this.#process.kill();
  }

  async #answer() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.name} ended`);
    return JSON.parse(value);
  }

  #process;
  #lines;
}
