// Of bench/search: starts the programs, takes turns with them, and prints the tables.
//   node search_rounds.mjs --programs DIR --data DIR --rounds N --m N --only "NAME ..."
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  RunningIndex,
  availablePrograms,
  faissBaselines,
  hnswlibBaselines,
} from "./search_programs.mjs";
import { median, printTable, ratio, spread } from "./search_tables.mjs";

const wantedRecall = 0.99;
// In steps of an eighth or less, so that no index owes its place to a coarse one.
const efs = [
  10, 11, 12, 13, 14, 16, 18, 20, 22, 24, 27, 30, 32, 36, 40, 45, 50, 56, 64, 72, 80, 90, 100, 112,
  128, 144, 160, 180, 200, 224, 256, 288, 320, 360, 400, 450, 512, 576, 640, 720, 800, 900, 1000,
];

const { values: options } = parseArgs({
  options: {
    programs: { type: "string" },
    data: { type: "string" },
    rounds: { type: "string", default: "5" },
    m: { type: "string", default: "16" },
    only: { type: "string", default: "" },
  },
});
const log = (text) => process.stderr.write(`${text}\n`);

// The smallest of `efs` whose recall suffices, by bisection: recall grows with ef. The largest when
// none does.
async function smallestEf(index) {
  let low = 0;
  let high = efs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { recall } = await index.run(efs[middle]);
    if (recall >= wantedRecall) high = middle;
    else low = middle + 1;
  }
  return efs[low];
}

// Saves, loads what was saved, and checks that it answers as before.
async function saveAndLoad(index, recall) {
  const path = `${options.data}/${index.name}.saved`;
  try {
    const saved = await index.ask(`save ${path}`);
    if (saved.seconds === null) return {};
    const loaded = await index.ask(`load ${path}`);
    const again = await index.run(index.ef);
    if (again.recall < recall - 0.002) {
      throw new Error(`${index.name} has recall ${again.recall} after a load, ${recall} before`);
    }
    return { save: saved.seconds, load: loaded.seconds, bytes: saved.bytes };
  } finally {
    rmSync(path, { force: true });
  }
}

function printRounds(indexes) {
  const first = (names) => names.map((name) => indexes.find((i) => i.name === name)).find(Boolean);
  const faiss = first(faissBaselines);
  const hnswlib = first(hnswlibBaselines);
  const rate = (index) => index && median(index.rounds.map(({ qps }) => qps));
  const of = (index, field) => median(index.rounds.map((round) => round[field]));
  printTable(
    [
      "index", "ef", "recall@10", "searches/s (least to most)", "p50 us", "p99 us", "CPU us",
      `: ${faiss?.built.name ?? "FAISS"}`, `: ${hnswlib?.built.name ?? "hnswlib"}`,
      "bytes per vector", "build s (CPU s)", "save s", "load s",
    ],
    indexes.map((index) => [
      index.built.name,
      index.ef,
      of(index, "recall").toFixed(4) + (of(index, "recall") < wantedRecall ? " (too low)" : ""),
      `${rate(index).toFixed(0)} (${spread(index.rounds.map(({ qps }) => qps))})`,
      of(index, "p50_us").toFixed(0),
      of(index, "p99_us").toFixed(0),
      of(index, "cpu_us").toFixed(0),
      ratio(rate(index), rate(faiss)),
      ratio(rate(index), rate(hnswlib)),
      index.built.bytes_per_vector.toFixed(0),
      `${index.built.build_s.toFixed(1)} (${index.built.build_cpu_s.toFixed(1)})`,
      index.saved.save?.toFixed(2) ?? "",
      index.saved.load?.toFixed(2) ?? "",
    ]),
  );
  console.log();
  for (const { built } of indexes) console.log(`- ${built.name}: ${built.note}`);
}

const programs = availablePrograms(
  options.programs,
  options.only.split(" ").filter(Boolean),
  options.m,
);
const indexes = [];
process.on("exit", () => indexes.forEach((index) => index.kill()));
process.on("SIGTERM", () => process.exit(143));
for (const program of programs) {
  log(`building: ${program.name}`);
  indexes.push(await RunningIndex.start(program, options.data));
}
for (const index of indexes) {
  index.ef = await smallestEf(index);
  log(`${index.name}: ef ${index.ef}`);
  index.rounds = [];
}
for (let round = 1; round <= Number(options.rounds); ++round) {
  log(`round ${round} of ${options.rounds}`);
  for (const index of indexes) index.rounds.push(await index.run(index.ef));
}
for (const index of indexes) index.saved = await saveAndLoad(index, index.rounds[0].recall);
console.log(
  `- ${options.rounds} rounds, interleaved, medians; k = 10, one thread, M = ${options.m}, ef_construction = 200`,
);
console.log();
printRounds(indexes);
for (const index of indexes) await index.quit();
process.exit(0);
