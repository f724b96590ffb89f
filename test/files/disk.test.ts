import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderWatcher, openRecord, pathOf, readFileSettings, takeUpload } from '../../src/files';
import { until } from '../until';

const ROOT = join(__dirname, '..', '..');

describe('files on disk', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pq-files-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  describe('a path that a flow names', () => {
    it('is taken anywhere without a working directory, and only below it with one, links followed', async () => {
      const working = join(folder, 'work');
      await mkdir(join(working, 'deep'), { recursive: true });
      await writeFile(join(working, 'deep', 'a.cfg'), '');
      await writeFile(join(folder, 'secret.cfg'), '');
      await symlink(join(folder, 'secret.cfg'), join(working, 'link.cfg'));
      assert.equal(await pathOf(join(folder, 'secret.cfg'), {}), join(folder, 'secret.cfg'));
      assert.equal(await pathOf('deep/a.cfg', { working }), join(working, 'deep', 'a.cfg'));
      for (const outside of [
        join(folder, 'secret.cfg'),
        '../secret.cfg',
        'link.cfg',
        'deep/../../secret.cfg',
      ]) {
        await assert.rejects(pathOf(outside, { working }), /lies outside fileWorkingDirectory/, outside);
      }
      await assert.rejects(pathOf('none.cfg', { working }), /ENOENT: no such file, none\.cfg/);
      await assert.rejects(pathOf('a\0.cfg', {}), /no NUL/);
    });

    it('is missing only where nothing is: what cannot be looked at gives its own reason', async () => {
      await symlink(join(folder, 'loop.cfg'), join(folder, 'loop.cfg'));
      await symlink(join(folder, 'part.dat'), join(folder, 'part.dat'));
      await writeFile(join(folder, 'part.cfg'), 'x');
      await symlink(join(folder, 'loop.dat'), join(folder, 'loop.dat'));
      await assert.rejects(pathOf('loop.cfg', { working: folder }), /ELOOP/);
      await assert.rejects(openRecord({ path: join(folder, 'part.cfg') }), /ELOOP/);
      const upload = { name: 'a.cfg', offset: 0, data: '', last: true };
      await assert.rejects(takeUpload(folder, upload, 'payload'), /ELOOP/);
      // A folder that is watched: the reader is asked once, and holds up no other.
      await writeFile(join(folder, 'whole.cff'), 'x');
      const read: string[] = [];
      const watcher = new FolderWatcher({
        folder,
        existing: true,
        every: 10,
        read: async (path) => read.push(path.slice(folder.length + 1)) > 0,
        failed: (error) => assert.equal(error, undefined),
      });
      await until(() => read.length >= 3, 'three records');
      await watcher.close();
      assert.deepEqual(read, ['loop.cfg', 'part.cfg', 'whole.cff']);
    });

    it('is looked for among the files dropped into a panel, which are allowed with any working directory', async () => {
      const [working, uploads] = [join(folder, 'work'), join(folder, 'up')];
      await mkdir(working);
      await mkdir(uploads);
      await writeFile(join(uploads, 'b.cff'), '');
      assert.equal(await pathOf('b.cff', { working, uploads }), join(uploads, 'b.cff'));
      assert.equal(await pathOf('b.cff', { uploads }), join(uploads, 'b.cff'));
    });
  });

  describe('a file that comes through a panel', () => {
    const base64 = (text: string) => Buffer.from(text).toString('base64');

    it('stands under its name when its last piece is there, for its owner alone', async () => {
      await takeUpload(folder, { name: 'Störung 1.cfg', offset: 0, data: base64('abc'), last: false });
      await assert.rejects(stat(join(folder, 'Störung 1.cfg')));
      const done = await takeUpload(folder, {
        name: 'Störung 1.cfg',
        offset: 3,
        data: base64('de'),
        last: true,
      });
      assert.deepEqual(done, { name: 'Störung 1.cfg', size: 5 });
      assert.equal(await readFile(join(folder, 'Störung 1.cfg'), 'utf8'), 'abcde');
      assert.equal((await stat(join(folder, 'Störung 1.cfg'))).mode & 0o077, 0);
    });

    it('keeps to its folder, its endings, its order and its bounds', async () => {
      for (const name of [
        '../a.cfg',
        'a/b.cfg',
        '.cfg',
        'a.js',
        'a.cfg.exe',
        '',
        'x'.repeat(200),
        '..cfg',
        5,
      ]) {
        await assert.rejects(
          takeUpload(folder, { name, offset: 0, data: '' }),
          /payload\.name/,
          String(name),
        );
      }
      const piece = { name: 'a.dat', data: base64('abc') };
      await assert.rejects(takeUpload(folder, { ...piece, offset: 7 }), /ENOENT|payload\.offset/);
      await takeUpload(folder, { ...piece, offset: 0 });
      await assert.rejects(takeUpload(folder, { ...piece, offset: 2 }), /payload\.offset: expected 3/);
      await assert.rejects(takeUpload(folder, { ...piece, offset: 2 ** 40 }), /payload\.offset/);
      await assert.rejects(takeUpload(folder, { ...piece, offset: 3, data: 5 }), /payload\.data/);
      const large = Buffer.alloc(4 << 20).toString('base64');
      await assert.rejects(
        takeUpload(folder, { ...piece, offset: 3, data: large }),
        /at most 3145728 bytes in a piece/,
      );
      await assert.rejects(takeUpload(folder, []), /payload/);
    });
  });

  describe('a watched folder', () => {
    async function write(name: string, age = 0): Promise<void> {
      for (const ending of ['cfg', 'dat']) {
        const path = join(folder, `${name}.${ending}`);
        await writeFile(path, name);
        if (age) await utimes(path, new Date(Date.now() - age), new Date(Date.now() - age));
      }
    }
    const watch = (options: Partial<ConstructorParameters<typeof FolderWatcher>[0]> = {}) => {
      const read: string[] = [];
      const failures: (string | undefined)[] = [];
      const watcher = new FolderWatcher({
        folder,
        memory: join(folder, 'memory', 'one.json'),
        existing: true,
        every: 20,
        read: async (path) => {
          read.push(path.slice(folder.length + 1));
          return true;
        },
        failed: (error) => failures.push(error?.message),
        ...options,
      });
      return { watcher, read, failures };
    };

    it('has each record read once, also over a restart, and again when another one takes its name', async () => {
      await write('one');
      const first = watch();
      await until(() => first.read.length === 1, 'the first record');
      await write('two');
      await writeFile(join(folder, 'alone.cfg'), 'no data');
      await until(() => first.read.length === 2, 'the second record');
      await first.watcher.close();
      const second = watch();
      await write('three');
      await until(() => second.read.length > 0, 'the third record');
      await writeFile(join(folder, 'one.dat'), 'another record');
      await until(() => second.read.length === 2, 'the changed record');
      await second.watcher.close();
      assert.deepEqual(first.read, ['one.cfg', 'two.cfg']);
      assert.deepEqual(second.read, ['three.cfg', 'one.cfg']);
    });

    it('leaves alone what was there, where that is wanted; asks again for what was not whole', async () => {
      await write('old');
      let asked = 0;
      const { watcher, read } = watch({
        existing: false,
        read: async (path) => {
          read.push(path.slice(folder.length + 1));
          return ++asked > 2;
        },
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await write('new');
      await until(() => asked === 3, 'the third try');
      await new Promise((resolve) => setTimeout(resolve, 100));
      await watcher.close();
      assert.deepEqual(read, ['new.cfg', 'new.cfg', 'new.cfg']);
    });

    it('says that it cannot be looked at, once, and that it can again', async () => {
      const gone = join(folder, 'gone');
      const { watcher, read, failures } = watch({ folder: gone });
      await until(() => failures.length === 1, 'the failure');
      await new Promise((resolve) => setTimeout(resolve, 100));
      await mkdir(gone);
      await until(() => failures.length === 2, 'the end of it');
      await watcher.close();
      assert.match(failures[0] ?? '', /ENOENT/);
      assert.equal(failures[1], undefined);
      assert.deepEqual(read, []);
    });

    it('reads all again, and says so, where its memory is damaged', async () => {
      await write('one');
      await mkdir(join(folder, 'memory'));
      await writeFile(join(folder, 'memory', 'one.json'), '[["cut of');
      const { watcher, read, failures } = watch();
      await until(() => read.length === 1, 'the record');
      await watcher.close();
      assert.match(failures[0] ?? '', /one\.json: .*all records are read again/);
    });

    it('says so, too, where its memory is no list, or cannot be read', async () => {
      await write('one');
      const memory = join(folder, 'memory', 'one.json');
      await mkdir(join(folder, 'memory'));
      await writeFile(memory, '{"one.cfg": 1}');
      const first = watch();
      await until(() => first.read.length === 1, 'the record');
      await first.watcher.close();
      assert.match(first.failures[0] ?? '', /one\.json: expected a list; all records are read again/);
      await rm(memory);
      await mkdir(memory);
      const second = watch();
      await until(() => second.read.length === 1, 'the record, once more');
      await second.watcher.close();
      assert.match(second.failures[0] ?? '', /EISDIR.*all records are read again/);
    });
  });

  it('of 50 MB are read within 150 MB of memory, all of Node.js with them', async function () {
    if (!existsSync('/proc/self/status')) {
      console.log('      skipped: this system does not say how much memory a process has had');
      this.skip();
    }
    this.timeout(60_000);
    const channels = 6;
    const width = 8 + 2 * channels;
    const count = Math.floor(50e6 / width);
    const dat = Buffer.alloc(width * count);
    for (let n = 0; n < count; n++) {
      dat.writeUInt32LE(n + 1, n * width);
      dat.writeUInt32LE((n * 100) % 2 ** 32, n * width + 4);
      for (let c = 0; c < channels; c++) {
        const angle = (2 * Math.PI * n) / 200 - ((c % 3) * 2 * Math.PI) / 3;
        dat.writeInt16LE(Math.round(20_000 * Math.cos(angle)), n * width + 8 + 2 * c);
      }
    }
    const names = ['VA', 'VB', 'VC', 'IA', 'IB', 'IC'];
    const lines = names.map(
      (name, c) => `${c + 1},${name},,,${name[0] === 'V' ? 'V' : 'A'},0.01,0,0,-32767,32767,1,1,P`,
    );
    const date = '01/02/2024,03:04:05.000000';
    const cfg = ['s,d,1999', '6,6A,0D', ...lines, '50', '1', `10000,${count}`, date, date, 'BINARY', '1', ''];
    await writeFile(join(folder, 'large.cfg'), cfg.join('\r\n'));
    await writeFile(join(folder, 'large.dat'), dat);
    const script = `
      const { openRecord } = require(${JSON.stringify(join(ROOT, 'dist', 'src', 'files'))});
      (async () => {
        const file = await openRecord({ path: ${JSON.stringify(join(folder, 'large.cfg'))} });
        let samples = 0;
        for await (const record of file.records()) samples += record.length;
        await file.close();
        // Of this process alone: what getrusage says begins with the size of the one that started it.
        const status = require('node:fs').readFileSync('/proc/self/status', 'utf8');
        console.log(JSON.stringify({ samples, kilobytes: Number(/VmHWM:\\s+(\\d+)/.exec(status)[1]) }));
      })();`;
    const found = JSON.parse(String(execFileSync(process.execPath, ['-e', script])));
    assert.equal(found.samples, count);
    assert.ok(found.kilobytes < 150_000, `${found.kilobytes} kB`);
  });

  it('are named by settings that say what cannot be', () => {
    const wrong = (settings: object, message: RegExp) =>
      assert.throws(() => readFileSettings(settings), message);
    wrong({ channels: 'va' }, /^settings\.channels: expected pairs such as va=1/);
    wrong({ encoding: 'klingon' }, /settings\.encoding: expected a code page/);
    wrong({ nominal: -1 }, /settings\.nominal/);
    wrong({ watch: 5 }, /settings\.watch/);
    wrong({ atStart: 'yes' }, /settings\.atStart/);
    assert.equal(readFileSettings({}).existing, true);
  });
});
