// usearch for bench/search, through its package of npm: serves the lines that search_index.h has.
//   node --expose-gc search_usearch.mjs VARIANT FOLDER [--m N] [--ef-construction N]
// VARIANT is usearch's name of a scalar: f32, bf16, i8. The package is found below
// LARDER_BENCH_MODULES.
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [variant, folder, ...options] = process.argv.slice(2);
const option = (name, otherwise) => {
  const at = options.indexOf(name);
  return at < 0 ? otherwise : Number(options[at + 1]);
};
const require = createRequire(`${process.env.LARDER_BENCH_MODULES}/`);
const { Index } = require("usearch");
const version = JSON.parse(
  readFileSync(`${process.env.LARDER_BENCH_MODULES}/node_modules/usearch/package.json`),
).version;

const k = 10;
const neighbours = 100; // of each query in truth.u32
const read = (name, Type) => {
  const { buffer, byteOffset, byteLength } = readFileSync(`${folder}/${name}`);
  return new Type(buffer, byteOffset, byteLength / Type.BYTES_PER_ELEMENT);
};
const queries = read("queries.f32", Float32Array);
const truth = read("truth.u32", Uint32Array);
const queryCount = truth.length / neighbours;
const dim = queries.length / queryCount;
const count = statSync(`${folder}/base.f32`).size / 4 / dim;

// The way in is the same for all; `ef` can only be chosen when an index is made.
const makeIndex = (ef) =>
  new Index({
    dimensions: dim,
    metric: variant === "i8" ? "cos" : "ip",
    quantization: variant,
    connectivity: option("--m", 16),
    expansion_add: option("--ef-construction", 200),
    expansion_search: ef,
  });
const seconds = (work) => {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e9;
};
const anonymousBytes = () => {
  globalThis.gc();
  return Number(/RssAnon:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
};
const print = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

// In chunks, so that the process never holds the whole of what it has indexed as float32.
const chunk = new Float32Array(Math.min(count, 10_000) * dim).fill(1);
const before = anonymousBytes();
let index = makeIndex(64);
let indexEf = 64;
let build = 0;
const cpuAtStart = process.cpuUsage();
const file = openSync(`${folder}/base.f32`);
for (let first = 0; first < count; ) {
  const rows = Math.min(10_000, count - first);
  const part = chunk.subarray(0, rows * dim);
  readSync(file, part, 0, part.byteLength, first * dim * 4);
  const keys = BigUint64Array.from({ length: rows }, (_, i) => BigInt(first + i));
  build += seconds(() => index.add(keys, part, 1));
  first += rows;
}
closeSync(file);
const buildCpu = process.cpuUsage(cpuAtStart);
print({
  name: `usearch ${version} HNSW ${variant}`,
  note: "through Node.js",
  build_s: build,
  build_cpu_s: (buildCpu.user + buildCpu.system) / 1e6,
  bytes_per_vector: Math.round((anonymousBytes() - before) / count),
});

// A setting of the index means another index: saved, and loaded with the other setting.
const setEf = (ef) => {
  if (ef === indexEf) return;
  const path = `${folder}/usearch-${process.pid}.tmp`;
  index.save(path);
  load(path, ef);
  require("node:fs").unlinkSync(path);
};
const load = (path, ef) => {
  index = undefined;
  globalThis.gc();
  index = makeIndex(ef);
  index.load(path);
  indexEf = ef;
};

const run = (ef) => {
  setEf(ef);
  const views = Array.from({ length: queryCount }, (_, q) =>
    queries.subarray(q * dim, (q + 1) * dim),
  );
  const micros = new Float64Array(queryCount);
  const answers = new Array(queryCount);
  const cpuBefore = process.cpuUsage();
  const total = seconds(() => {
    for (let q = 0; q < queryCount; ++q) {
      const start = process.hrtime.bigint();
      answers[q] = index.search(views[q], k, 1);
      micros[q] = Number(process.hrtime.bigint() - start) / 1e3;
    }
  });
  const cpu = process.cpuUsage(cpuBefore);
  let right = 0;
  answers.forEach(({ keys }, q) => {
    const nearest = new Set(truth.subarray(q * neighbours, q * neighbours + k));
    for (const key of keys) if (nearest.has(Number(key))) ++right;
  });
  micros.sort();
  return {
    ef,
    qps: queryCount / total,
    recall: right / (queryCount * k),
    p50_us: micros[queryCount >> 1],
    p99_us: micros[Math.floor((queryCount * 99) / 100)],
    cpu_us: (cpu.user + cpu.system) / queryCount,
  };
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument] = line.split(" ");
  if (command === "quit") break;
  else if (command === "run") print(run(Number(argument)));
  else if (command === "save") {
    const took = seconds(() => index.save(argument));
    print({ seconds: took, bytes: statSync(argument).size });
  } else if (command === "load") print({ seconds: seconds(() => load(argument, indexEf)) });
  else throw new Error(`no such command: ${line}`);
}
process.exit(0);
