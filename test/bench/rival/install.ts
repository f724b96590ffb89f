import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const RIVAL = 'node-red-contrib-modbus';
export const VERSION = '5.60.2';
const FORK = '@openp4nr/modbus-serial';
const ROOT = join(__dirname, '..', '..', '..');
const FOLDER = join(ROOT, '.scratch', 'rival');

const versionOf = (modules: string, name: string): string =>
  JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')).version;

/** The lowest major version of Node that the rival names in its package.json. */
const NODE = 22;

export interface Installed {
  /** The Node that both sides run on. */
  node: string;
  /** The node_modules folder that holds the rival. */
  modules: string;
  /** Of modbus-serial, which both sides use. */
  library: string;
}

/**
 * The rival in a folder of its own. Its fork of modbus-serial is not on the npm registry: the public library takes
 * its place, in the version that this package uses.
 * @returns the reason where it cannot be installed
 */
export function install(): Installed | string {
  const modules = join(FOLDER, 'node_modules');
  const library = versionOf(join(ROOT, 'node_modules'), 'modbus-serial');
  const isInstalled = () => {
    try {
      return versionOf(modules, RIVAL) === VERSION && versionOf(modules, FORK) === library;
    } catch {
      return false;
    }
  };
  const installed = () => ({ modules, library, node: findNode() });
  if (isInstalled()) return installed();
  mkdirSync(FOLDER, { recursive: true });
  const manifest = { private: true, overrides: { [FORK]: `npm:modbus-serial@${library}` } };
  writeFileSync(join(FOLDER, 'package.json'), JSON.stringify(manifest));
  try {
    npmInstall(FOLDER, '--ignore-scripts', `${RIVAL}@${VERSION}`);
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer };
    return `${stderr ?? ''}`.trim().split('\n')[0] || message;
  }
  return isInstalled() ? installed() : 'npm installed another version';
}

/** This Node where the rival supports it; else one from the npm registry, or this one where that fails. */
function findNode(): string {
  if (Number(process.versions.node.split('.')[0]) >= NODE) return process.execPath;
  const folder = join(FOLDER, 'node');
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const found = join(folder, 'node_modules', 'node', 'bin', name);
  try {
    if (!existsSync(found)) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{"private":true}');
      npmInstall(folder, `node@${NODE}`);
    }
    return found;
  } catch {
    console.log(`rival: Node ${NODE} could not be installed; it runs on ${process.version}`);
    return process.execPath;
  }
}

function npmInstall(cwd: string, ...what: string[]): void {
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', ...what];
  execFileSync('npm', args, {
    cwd,
    stdio: 'pipe',
    timeout: 300_000,
    shell: process.platform === 'win32',
  });
}
