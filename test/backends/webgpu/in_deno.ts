import { reportCases } from './report.ts';

/** Runs in Deno: the cases that the first argument names, as one line of JSON. */
console.log(JSON.stringify(await reportCases(navigator.gpu, JSON.parse(process.argv[2]!) as string[])));
process.exit(0);
