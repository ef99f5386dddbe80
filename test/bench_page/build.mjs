/** Builds the bench page into a folder: `node build.mjs FOLDER`, in a process of its own. */
import { build } from 'vite';
import { appConfig } from '../../scripts/app/config.mjs';
import { embeddedModel } from '../../scripts/app/embedded.mjs';

const config = appConfig('bench', embeddedModel());
await build({ ...config, build: { ...config.build, outDir: process.argv[2] ?? '' } });
