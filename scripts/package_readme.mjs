/**
 * The README as the npm package has it. Its links lead to files of the repository, which is not there when the package is installed: they
 * become addresses where package.json names a repository, and plain text where it does not.
 *
 *   node scripts/package_readme.mjs write | restore     before and after npm pack
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = join(root, 'README.md');
const kept = join(root, 'dist/README.of-the-repository.md');

/**
 * Without what only a clone can do.
 * @param {string} text
 * @param {string | undefined} repository an address such as https://example.org/thimble
 */
export function packageReadme(text, repository) {
  const ofPackage = text
    .replace(/## Chat in one command\n[^]*?(?=## From npm)/, '')
    .replace(/## On a phone\n[^]*?(?=## On the command line)/, '')
    .replace('The package is not on the registry yet: `npm pack` makes it in a clone. Elsewhere\n', '');
  return ofPackage.replaceAll(/\[([^\]]+)\]\((?!\w+:|#)([^)\s]+)\)/g, (_, words, target) =>
    repository === undefined ? words : `[${words}](${new URL(`blob/HEAD/${target}`, `${repository}/`).href})`,
  );
}

/** The repository's address without `git+` and `.git`. */
function repositoryOf() {
  const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return (repository?.url ?? repository)?.replace(/^git\+/, '').replace(/\.git$/, '');
}

const restore = () => existsSync(kept) && renameSync(kept, readme);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  restore(); // also what a pack that was cut short has left
  if (process.argv[2] === 'write') {
    const text = readFileSync(readme, 'utf8');
    writeFileSync(kept, text);
    writeFileSync(readme, packageReadme(text, repositoryOf()));
  }
}
