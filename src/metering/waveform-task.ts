import type { Finding } from '../record';
import { decode, TYPE_LENGTH } from '../registers';
import { type Written, writeRegisters } from './commands';
import type { PollerSettings } from './poller-settings';
import type { MeterContext, Task } from './tasks';
import { WaveformFit } from './waveform-fit';
import type { WaveformOverload } from './waveform-pace';
import { type WaveformBatch, WaveformReader } from './waveform-reader';

/** Minimum time between two reports of losses, ms. */
const REPORT_INTERVAL_MS = 1000;
/** Without a loss for so long, ms, the line carries the waveform again. */
const OVERLOAD_OVER = 30_000;
/** A meter that has had nothing new for so long, ms, is asked whether its waveform is on, and so often. */
const NOTHING_NEW = 2000;
const LOOK_EVERY = 5000;
/** Blocks that are held and cannot be read for so long, ms, are reported. */
const NOTHING_READ = 5000;

/** The waveform as it is sampled. */
export class WaveformTask implements Task {
  readonly name = 'waveform';
  private readonly reader: WaveformReader;
  /** Blocks that were lost and are not reported yet. */
  private lost = 0;
  private reportedAt = Number.NEGATIVE_INFINITY;
  private lostAt = Number.NEGATIVE_INFINITY;
  private newAt = performance.now();
  /** Since when the meter has held blocks, and handed out none. */
  private stuckSince: number | undefined;
  private lookedAt = Number.NEGATIVE_INFINITY;
  /** Sampling came to its end, and that was reported. */
  private hasEnded = false;

  readonly interval: number;
  private readonly switchOn: boolean;
  private readonly fit: WaveformFit | undefined;

  constructor(
    private readonly context: MeterContext,
    { waveformInterval, waveformOn, waveformFit }: PollerSettings,
  ) {
    this.interval = waveformInterval;
    this.switchOn = waveformOn;
    this.fit = waveformFit ? new WaveformFit(context) : undefined;
    this.reader = new WaveformReader(context.meter.profile, context.meter);
  }

  async work(): Promise<boolean> {
    const { context } = this;
    const batch = await this.reader.read(context.link);
    if (context.stopped) return false;
    this.judgeLosses(batch);
    for (const frame of batch.frames) context.output.waveform(frame);
    if (batch.frames.length) {
      this.newAt = performance.now();
      this.hasEnded = batch.frames.some((frame) => frame.last);
      if (this.hasEnded) {
        context.tell({
          code: 'END_OF_WAVEFORM',
          severity: 'info',
          text: 'the meter has stopped sampling',
          hint: 'Check LOG_CTRL if this is not a recording that was played to its end.',
          detail: {},
        });
      }
    }
    this.judgeProgress(batch);
    if (batch.overload) await this.fit?.fit(batch.overload);
    await this.look(batch.sampling);
    return batch.more;
  }

  /** Reports the losses that are still to be reported. */
  stop(): void {
    this.reportLosses(performance.now());
  }

  private judgeLosses({ lost, restarted, overload }: WaveformBatch): void {
    const { context } = this;
    const now = performance.now();
    this.lost += lost;
    if (lost) this.lostAt = now;
    if (now >= this.reportedAt + REPORT_INTERVAL_MS) this.reportLosses(now);
    if (overload) context.conditions.set('waveform overload', overloaded(overload));
    else if (now > this.lostAt + OVERLOAD_OVER) context.conditions.set('waveform overload', undefined);
    if (restarted) {
      context.tell({
        code: 'WAVEFORM_RESTARTED',
        severity: 'warning',
        text: 'the meter restarted its block numbers; the blocks it held unread are lost',
        hint: 'The meter was restarted or its memory cleared: check its supply if nobody did that.',
        detail: {},
      });
    }
  }

  private reportLosses(now: number): void {
    const { lost } = this;
    if (lost === 0) return;
    this.lost = 0;
    this.reportedAt = now;
    this.context.tell({
      code: 'BUFFER_OVERFLOW',
      severity: 'warning',
      text: `${lost} waveform ${lost === 1 ? 'block was' : 'blocks were'} lost before they could be read`,
      hint: 'Read the waveform more often, or put fewer meters on this link: the waveform has a gap here.',
      detail: { lost },
    });
  }

  /** A meter that has blocks and hands out none for long. */
  private judgeProgress({ held, frames }: WaveformBatch): void {
    const now = performance.now();
    if (held === 0 || frames.length > 0) this.stuckSince = undefined;
    else this.stuckSince ??= now;
    const isStuck = this.stuckSince !== undefined && now > this.stuckSince + NOTHING_READ;
    this.context.conditions.set('waveform unreadable', isStuck ? stuck(held) : undefined);
  }

  /** Whether the waveform is on at all, where nothing comes. */
  private async look(sampling: boolean): Promise<void> {
    const { context } = this;
    const line = context.meter.profile.registers.LOG_CTRL;
    const now = performance.now();
    if (sampling && now < this.newAt + NOTHING_NEW) {
      context.conditions.set('waveform off', undefined);
      return;
    }
    if (!line || now < this.lookedAt + LOOK_EVERY) return;
    this.lookedAt = now;
    const { link, meter } = context;
    const words = await link.read(meter.unit, line.address, TYPE_LENGTH[line.type]);
    const value = decode(words, 0, line.type, meter.profile.order);
    const isOn = value % 2 === 1;
    // A recording that was played to its end is no fault.
    if (isOn && (sampling || this.hasEnded)) return;
    if (!isOn && this.switchOn) {
      await writeRegisters(link, meter.unit, meter.profile, [['LOG_CTRL', value + 1]], (written) =>
        this.switched(written),
      );
      return;
    }
    context.conditions.set('waveform off', {
      code: 'WAVEFORM_OFF',
      severity: 'warning',
      text: isOn
        ? 'the meter is not sampling, although LOG_CTRL is on: there is no waveform'
        : 'waveform recording is off in the meter (LOG_CTRL, bit 0): there is no waveform',
      hint: isOn
        ? 'Check the voltage inputs and the supply of the meter.'
        : 'Set LOG_CTRL to 1, or tick "Switch waveform on" in meter-poll.',
      detail: { LOG_CTRL: value },
    });
  }

  private switched(written: Written): void {
    const { context } = this;
    context.output.written?.(context.meter.id, written);
    context.conditions.set('waveform off', undefined);
    context.tell({
      code: 'REGISTER_WRITTEN',
      severity: 'info',
      text: `LOG_CTRL: ${written.before} is now ${written.value}: the waveform is on`,
      hint: 'Nothing to do: meter-poll is set to switch it on.',
      detail: { ...written },
    });
  }
}

function overloaded({ made, carried, channels, rate, fittingChannels, fittingRate }: WaveformOverload) {
  const fits = [
    fittingChannels > 0 && `${fittingChannels} of ${channels} channels at ${rate} Hz`,
    fittingRate > 0 && `all ${channels} at ${fittingRate} Hz`,
  ].filter(Boolean);
  return {
    code: 'WAVEFORM_OVERLOAD',
    severity: 'warning' as const,
    text: `the link carries ${Math.floor(carried)} of the ${Math.ceil(made)} waveform blocks that the meter makes each second`,
    hint: fits.length
      ? `What would fit: ${fits.join(', or ')}. Set that in the meter (meter-poll can, with "Fit waveform to line"), or use a faster link.`
      : 'Nothing of it would fit: use a faster link, or turn the waveform off for this meter.',
    detail: {
      made: Math.round(made),
      carried: Math.round(carried),
      channels,
      rate,
      fittingChannels,
      fittingRate,
    },
  };
}

function stuck(held: number): Finding {
  return {
    code: 'WAVEFORM_UNREADABLE',
    severity: 'warning',
    text: 'the meter holds waveform blocks, and none of them can be read',
    hint: 'Check whether another program moves the pointer of this memory (FIFO_POINTER), and that the profile fits the firmware.',
    detail: { held },
  };
}
