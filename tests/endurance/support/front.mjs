// What the machines have in common towards whoever starts them: flags and the line at the end.

const kMostTold = 4000;  // characters of a failure: a server's log may be in it

// defaults: name -> whole number. -> the same with what the command line says.
export function optionsOf(defaults, args = process.argv.slice(2)) {
  const options = { ...defaults };
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i].replace(/^--/, '');
    const value = Number(args[i + 1]);
    if (!(name in defaults) || !Number.isInteger(value) || value < 0) {
      const flags = Object.keys(defaults).map((key) => `[--${key} N]`).join(' ');
      console.error(`usage: tests/endurance/run MACHINE ${flags}`);
      process.exit(2);
    }
    options[name] = value;
  }
  return options;
}

// One line of JSON on stdout, and why it failed on stderr; sets the exit code.
export function report({ starts = [], begun, failure, ...figures }) {
  const sorted = [...starts].sort((a, b) => a - b);
  const ready = sorted.length === 0 ? {} : {
    ready_ms_p50: Math.round(sorted[Math.floor(sorted.length / 2)]), ready_ms_max: Math.round(sorted.at(-1)) };
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(JSON.stringify({ ...figures, ...ready, seconds, passed: failure === null }));
  if (failure !== null) {
    console.error(String(failure.stack ?? failure).slice(0, kMostTold));
    process.exitCode = 1;
  }
}
