/**
 * The apps: serves them to this computer and to phones, or builds a folder for a static host. `npm run app -- --help` says how.
 */
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { tellAddresses } from './app/addresses.mjs';
import { buildApps } from './app/build.mjs';
import { builtFolder, isApp, places } from './app/config.mjs';
import { serveDevelopment } from './app/development.mjs';
import { serveBuilt } from './app/serve.mjs';

const folder = relative(process.cwd(), builtFolder);

const help = `npm run app [-- OPTIONS]     build the apps and serve them
npm run app:build            build them into ${folder}, for any static host

Options
  --port N         default 8080
  --host ADDRESS   who may connect: 127.0.0.1 is this computer alone (default;
                   with --https, 0.0.0.0 is everybody in the network)
  --https          with a certificate made for this computer: what phones in the
                   network need for threads, storage and use without a network
  --no-headers     send none, as plain static hosts do
  --no-build       serve what was built before
  --page APP       whose address is told: chat (default) or bench
  --dev [APP]      Vite's own server, which shows changes at once; APP is chat or
                   bench
  -h, --help       this page

${folder} works below any path, with or without headers. It holds the embedded
model in parts of at most 29 MiB. Service workers need https:// (or localhost).`;

const { values: options, positionals } = parse();
if (options.help) console.log(help);
else if (positionals[0] === 'build') await buildApps();
else await serve();

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        port: { type: 'string', default: '8080' },
        host: { type: 'string' },
        https: { type: 'boolean', default: false },
        'no-headers': { type: 'boolean', default: false },
        'no-build': { type: 'boolean', default: false },
        page: { type: 'string', default: 'chat' },
        dev: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return fail(`${/** @type {Error} */ (error).message}`);
  }
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`app: ${message}; npm run app -- --help says what there is`);
  process.exit(2);
}

async function serve() {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) fail(`--port is ${options.port}, expected 1 to 65535`);
  const isSecure = options.https;
  const host = options.host ?? (isSecure ? '0.0.0.0' : '127.0.0.1');
  const isOpen = !/^(127\.|localhost$|::1$)/.test(host);
  if (!options.dev && !(options['no-build'] && existsSync(builtFolder))) await buildApps();
  try {
    if (options.dev) await serveDevelopment(appNamed(positionals[0] ?? 'chat'), { port, host });
    else await serveBuilt({ port, host, isSecure, sendsHeaders: !options['no-headers'] });
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    fail(code === 'EADDRINUSE' ? `port ${port} is in use: choose another one by --port` : message);
  }
  const page = options.dev ? '' : places[appNamed(options.page)].replace(/^\.$/, '').replace(/.$/, '$&/');
  tellAddresses({ port, isSecure: isSecure && !options.dev, isOpen, page });
}

/** @param {string} name */
function appNamed(name) {
  return isApp(name) ? name : fail(`there is no app ${JSON.stringify(name)}, expected chat or bench`);
}
