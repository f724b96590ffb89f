import { decode, TYPE_LENGTH } from '../registers';
import { type Written, writeRegisters } from './commands';
import { faultOf, isRefusal } from './diagnosis';
import type { MeterContext } from './tasks';
import type { WaveformOverload } from './waveform-pace';

/** Largest LOG_DIVIDER (docs/generic-pq.md). */
const MAX_DIVIDER = 16;
/** No fewer samples a second than this are asked for: 20 in a cycle of 50 Hz. */
const LEAST_RATE = 1000;
/** Two rates are the same within this share. */
const SAME = 1e-6;

/** Asks a meter for as many samples a second as its line carries: LOG_DIVIDER, where the meter has that. */
export class WaveformFit {
  /** Samples that the meter takes, Hz; undefined before it was asked. */
  private own: number | undefined;
  private divider = 1;
  private isOver = false;

  constructor(private readonly context: MeterContext) {}

  /** @throws the fault of the link; a meter that refuses is not asked again, which is said */
  async fit({ rate, fittingRate }: WaveformOverload): Promise<void> {
    if (this.isOver || !this.context.meter.profile.registers.LOG_DIVIDER) return;
    // Blocks from before the change are still being read.
    if (this.own !== undefined && Math.abs(rate - this.own / this.divider) > SAME * rate) return;
    try {
      if (this.own === undefined) await this.learn(rate);
      const own = this.own ?? rate;
      const divider = Math.ceil(own / fittingRate);
      if (divider > MAX_DIVIDER || own / divider < LEAST_RATE || divider <= this.divider) {
        this.isOver = true;
        return;
      }
      const { link, meter } = this.context;
      await writeRegisters(link, meter.unit, meter.profile, [['LOG_DIVIDER', divider]], (written) => {
        this.divider = divider;
        this.tell(written, own);
      });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.isOver = true;
      const { code, text, hint } = faultOf(error);
      this.context.tell({
        code: code === 'MODBUS_EXCEPTION_2' ? 'WAVEFORM_FIT_UNAVAILABLE' : code,
        severity: 'warning',
        text: `no lower sampling rate can be set (LOG_DIVIDER): ${text}`,
        hint:
          code === 'MODBUS_EXCEPTION_2' ? 'Set a lower rate or fewer channels in the meter itself.' : hint,
        detail: {},
      });
    }
  }

  private async learn(rate: number): Promise<void> {
    const { link, meter } = this.context;
    const { address, type } = meter.profile.registers.LOG_DIVIDER;
    const words = await link.read(meter.unit, address, TYPE_LENGTH[type]);
    this.divider = Math.max(1, decode(words, 0, type, meter.profile.order));
    this.own = rate * this.divider;
  }

  private tell(written: Written, own: number): void {
    const { context } = this;
    context.output.written?.(context.meter.id, written);
    context.tell({
      code: 'REGISTER_WRITTEN',
      severity: 'info',
      text: `LOG_DIVIDER: ${written.before} is now ${written.value}: ${Math.round(own / written.value)} samples a second, which the link carries`,
      hint: 'meter-poll is set to fit the waveform to the line. For the full rate use a faster link, and write 1 to LOG_DIVIDER.',
      detail: { ...written },
    });
  }
}
