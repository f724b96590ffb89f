import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../free-port';
import type { Pair } from '../publishing/certificates';
import { until } from '../until';

/** A server of somebody else, on free loopback ports, with its data in a folder: it can be ended and started again. */
export interface Server {
  start(): Promise<void>;
  /** Asked to end, or killed. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Held, and let go on. */
  hold(): void;
  release(): void;
}

export interface TlsFiles {
  ca: string;
  server: Pair;
  /** Clients must show a certificate. */
  clients?: boolean;
}

/** @param cwd where it leaves what it leaves when it is killed */
function server(command: string, args: string[], env: object, ports: number[], cwd: string): Server {
  let child: ChildProcess | undefined;
  let said = '';
  return {
    start: async () => {
      said = '';
      const own = spawn(command, args, {
        cwd,
        // A group of its own: some of them are scripts that start the server proper.
        detached: true,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = own;
      for (const stream of [own.stdout, own.stderr]) {
        stream.on('data', (chunk) => {
          said = (said + chunk).slice(-5000);
        });
      }
      await until(
        async () => {
          if (own.exitCode !== null) throw new Error(`${command} ended with ${own.exitCode}: ${said}`);
          const open = await Promise.all(ports.map(isOpen));
          return open.every(Boolean);
        },
        () => `${command} to listen: ${said.slice(-500)}`,
        60_000,
      );
    },
    end: async (signal = 'SIGTERM') => {
      const own = child;
      child = undefined;
      if (!own?.pid) return;
      tell(own, 'SIGCONT');
      tell(own, signal);
      const late = setTimeout(() => tell(own, 'SIGKILL'), 20_000);
      await until(() => !tell(own, 0), `${command} to end`, 30_000);
      clearTimeout(late);
    },
    hold: () => child && tell(child, 'SIGSTOP'),
    release: () => child && tell(child, 'SIGCONT'),
  };
}

/** Signals a program and all that it has started; says whether any of it is there. */
function tell({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-(pid as number), signal);
  } catch {
    return false;
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1');
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

function writeTls(folder: string, { ca, server: own }: TlsFiles) {
  const files = { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.ca, ca);
  writeFileSync(files.cert, own.cert);
  writeFileSync(files.key, own.key);
  return files;
}

/** Mosquitto; it keeps what it has acknowledged over a restart. */
export async function mosquitto(folder: string, { tls, login }: { tls?: TlsFiles; login?: string } = {}) {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const lines = [
    `listener ${port} 127.0.0.1`,
    `allow_anonymous ${login ? 'false' : 'true'}`,
    'persistence true',
    `persistence_location ${folder}/`,
    'autosave_interval 1',
    'autosave_on_changes true',
    'max_queued_messages 0',
    'max_inflight_messages 0',
    'user root',
  ];
  if (login) lines.push(`password_file ${login}`);
  if (tls) {
    const files = writeTls(folder, tls);
    lines.push(`cafile ${files.ca}`, `certfile ${files.cert}`, `keyfile ${files.key}`);
    if (tls.clients) lines.push('require_certificate true');
  }
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(config, `${lines.join('\n')}\n`);
  return { port, ...server('/usr/sbin/mosquitto', ['-c', config], {}, [port], folder) };
}

/** RabbitMQ with its STOMP plugin. */
export async function rabbitmq(folder: string, tls?: TlsFiles) {
  mkdirSync(folder, { recursive: true });
  const [amqp, stomp, amqps, stomps, dist, epmd] = await Promise.all(
    Array.from({ length: 6 }, () => freePort()),
  );
  const lines = [`listeners.tcp.1 = 127.0.0.1:${amqp}`, `stomp.listeners.tcp.1 = 127.0.0.1:${stomp}`];
  if (tls) {
    const files = writeTls(folder, tls);
    lines.push(
      `listeners.ssl.1 = 127.0.0.1:${amqps}`,
      `stomp.listeners.ssl.1 = 127.0.0.1:${stomps}`,
      `ssl_options.cacertfile = ${files.ca}`,
      `ssl_options.certfile = ${files.cert}`,
      `ssl_options.keyfile = ${files.key}`,
      `ssl_options.verify = ${tls.clients ? 'verify_peer' : 'verify_none'}`,
      `ssl_options.fail_if_no_peer_cert = ${tls.clients === true}`,
    );
  }
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const env = {
    HOME: folder,
    RABBITMQ_NODENAME: `pq${amqp}@localhost`,
    RABBITMQ_DIST_PORT: String(dist),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONFIG_FILE: file('rabbitmq.conf', `${lines.join('\n')}\n`),
    RABBITMQ_ENABLED_PLUGINS_FILE: file('plugins', '[rabbitmq_stomp].\n'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    // The name server that it starts would outlive the test.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1 -start_epmd false',
    ERL_EPMD_PORT: String(epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
  const names = server('epmd', ['-port', String(epmd), '-address', '127.0.0.1'], {}, [epmd], folder);
  const ports = [amqp, stomp, ...(tls ? [amqps, stomps] : [])];
  const broker = server('/usr/lib/rabbitmq/bin/rabbitmq-server', [], env, ports, folder);
  return { amqp, stomp, amqps, stomps, broker, names, env };
}

/** InfluxDB 1. */
export async function influxd(folder: string) {
  mkdirSync(folder, { recursive: true });
  const [port, rpc] = [await freePort(), await freePort()];
  const config = join(folder, 'influxdb.conf');
  writeFileSync(
    config,
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
dir = "${folder}/meta"
[data]
dir = "${folder}/data"
wal-dir = "${folder}/wal"
[http]
bind-address = "127.0.0.1:${port}"
auth-enabled = true
log-enabled = false
`,
  );
  return { port, ...server('influxd', ['-config', config], {}, [port], folder) };
}

/** Prometheus that takes remote writes, and fetches a page if one is given. */
export async function prometheus(
  folder: string,
  scrape?: { port: number; username: string; password: string },
) {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const config = join(folder, 'prometheus.yml');
  const jobs = scrape
    ? `scrape_configs:
  - job_name: pq
    scrape_interval: 1s
    basic_auth: { username: ${scrape.username}, password: ${scrape.password} }
    static_configs: [{ targets: ['127.0.0.1:${scrape.port}'] }]
`
    : '';
  writeFileSync(config, `global: {}\n${jobs}`);
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
  ];
  return { port, ...server('prometheus', args, {}, [port], folder) };
}
