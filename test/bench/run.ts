/** `npm run bench`: ours against the reference in one run, since machines differ. */
import { benchEngines } from './engines';
import { benchMetering } from './fleet';
import { benchFlexGetter } from './flex-getter';
import { benchMemory } from './memory';
import { benchWire } from './wire';

async function run(): Promise<void> {
  await benchWire();
  benchEngines();
  benchMemory();
  await benchMetering();
  await benchFlexGetter();
}

run().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
