import { text } from 'node:stream/consumers';
import { reportCases } from './report.ts';

/** Runs in Deno: the cases that come in on stdin as a list of titles. Each report is a line of JSON. */
const titles = JSON.parse(await text(process.stdin)) as string[];
for await (const report of reportCases(navigator.gpu, titles)) console.log(JSON.stringify(report));
process.exit(0);
