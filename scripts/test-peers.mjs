/**
 * `npm run test:peers`: the package against programs that nobody here wrote. Installs Debian's packages where
 * it may; each test says what it skipped where it may not.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { root } from './demo.mjs';

const PACKAGES = [
  'python3-pymodbus',
  'python3-serial-asyncio',
  'libmodbus5',
  'mbpoll',
  'socat',
  'mosquitto',
  'rabbitmq-server',
  'influxdb',
  'prometheus',
];

function isInstalled(name) {
  try {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a format of dpkg-query.
    const status = execFileSync('dpkg-query', ['-W', '-f', '${Status}', name], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return String(status).endsWith(' installed');
  } catch {
    return false;
  }
}

const lacking = PACKAGES.filter((name) => !isInstalled(name));
if (lacking.length) {
  const may = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (may) {
    console.log(`installing ${lacking.join(', ')} with apt-get ...`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    try {
      execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
      execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...lacking], {
        stdio: 'ignore',
        env,
      });
    } catch {
      console.log('apt-get could not install them');
    }
  } else {
    console.log(`not here, and may not be installed: ${lacking.join(', ')}`);
  }
}
// Not among Debian's packages; goes into a folder of its own where the registry of Python is in reach.
const python = join(root, 'node_modules', '.cache', 'peers-python');
const env = { ...process.env, PYTHONPATH: [python, process.env.PYTHONPATH].filter(Boolean).join(delimiter) };
try {
  execFileSync('/usr/bin/python3', ['-c', 'import comtrade'], { stdio: 'ignore', env });
} catch {
  try {
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--retries',
      '0',
      '--timeout',
      '5',
      '--target',
      python,
      'comtrade',
    ];
    execFileSync('/usr/bin/python3', pip, { stdio: 'ignore' });
  } catch {
    console.log('not here, and not to be had: comtrade of Python');
  }
}
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
execFileSync(
  process.execPath,
  [mocha, '--config', 'test/mocharc.json', '--reporter', 'spec', 'test/peers/*.test.ts'],
  {
    cwd: root,
    stdio: 'inherit',
    env,
  },
);
