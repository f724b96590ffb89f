import type ModbusRTU from 'modbus-serial';
import { EIG } from '../registers';
import { insides } from './connection';

/**
 * Function code 0x23 of Electro Industries: as 03, but the registers are read `repeats` times, and the
 * length of the answer has two bytes. The library sends it and judges exceptions and timeouts; the answer
 * itself, whose code it does not know, is taken from its port.
 * Source: Shark 200 user manual E149701, B.5.4.2.
 * @returns `count` words for each repeat
 * @throws as the library; an Error for an answer of the wrong length
 */
export function repeatedRead(
  client: ModbusRTU,
  unit: number,
  address: number,
  count: number,
  repeats: number,
): Promise<number[][]> {
  const { port } = insides(client);
  const request = [address >> 8, address & 0xff, count >> 8, count & 0xff, repeats];
  return new Promise((resolve, reject) => {
    const onData = (frame: Buffer) => {
      if (frame.length < 6 || frame[0] !== unit || frame[1] !== EIG.repeatedRead) return;
      port?.off('data', onData);
      const bytes = 2 * count * repeats;
      // Unit, code, two bytes of length, data, and the check sum that the library puts behind.
      if (frame.readUInt16BE(2) !== bytes || frame.length !== bytes + 6) {
        reject(new Error(`Data length error, expected ${bytes + 6} got ${frame.length}`));
        return;
      }
      resolve(
        Array.from({ length: repeats }, (_, r) =>
          Array.from({ length: count }, (_, i) => frame.readUInt16BE(4 + 2 * (r * count + i))),
        ),
      );
    };
    port?.on('data', onData);
    const { writeCustomFC } = client as unknown as {
      writeCustomFC(unit: number, code: number, data: number[], next: (error: Error | null) => void): void;
    };
    writeCustomFC.call(client, unit, EIG.repeatedRead, request, (error) => {
      port?.off('data', onData);
      reject(error ?? new Error('no answer'));
    });
  });
}
