import { existsSync } from 'node:fs';
import { join } from 'node:path';

const SHARED = join(__dirname, '..', '..', 'shared');

/** Path of a file in ../shared, or undefined where the folder is missing. */
export function sharedFile(...parts: string[]): string | undefined {
  const path = join(SHARED, ...parts);
  return existsSync(path) ? path : undefined;
}

/** As mocha's `it`; skipped with a line that says so where the file is missing. */
export function itWith(file: string, title: string, test: (path: string) => void | Promise<void>): void {
  const path = sharedFile(...file.split('/'));
  it(title, function () {
    if (!path) {
      console.log(`      skipped: ../shared/${file} is not there`);
      this.skip();
    }
    return test(path as string);
  });
}
