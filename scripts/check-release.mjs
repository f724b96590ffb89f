/**
 * What must hold before a release goes out, apart from the tests: the address that package.json and SECURITY.md give is
 * that of this repository, and the list of parts is in the package.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** Owner and name, from whatever form of address. */
const slug = (url) => /[:/]([^:/]+\/[^/]+?)(?:\.git)?\/?$/.exec(url.trim())?.[1];

function remote() {
  try {
    return execFileSync('git', ['remote', 'get-url', 'origin'], { cwd: root, encoding: 'utf8' });
  } catch {
    return '';
  }
}

const problems = [];
if (slug(repository.url) !== slug(remote())) {
  problems.push(
    `package.json says ${repository.url}, but git's origin is "${remote().trim()}": correct repository, bugs and homepage there, and the address in SECURITY.md`,
  );
}
if (!existsSync(join(root, 'dist', 'sbom.cdx.json')))
  problems.push('dist/sbom.cdx.json is missing: npm run sbom');
for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : 0);
