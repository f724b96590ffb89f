import { FieldError } from '../record';
import type { FleetMeter } from './fleet';
import { ModbusLink } from './link';
import { readLinkSettings } from './link-settings';

/** The links of a fleet: shared ones by name, and one for each host and port of the others. */
export class MeterLinks {
  private readonly own = new Map<string, ModbusLink>();
  private readonly used = new Set<ModbusLink>();

  /**
   * @param shared finds a link that somebody else keeps, by name
   * @param settings of the others
   */
  constructor(
    private readonly shared: (name: string) => ModbusLink | undefined,
    private readonly settings: { readOnly?: boolean } = {},
  ) {}

  /** @throws FieldError for a meter whose link does not exist */
  of(meter: FleetMeter): ModbusLink {
    if (meter.link) {
      const link = this.shared(meter.link);
      if (!link)
        throw new FieldError(`link of meter ${meter.id}`, 'the name of a valid modbus-link', meter.link);
      this.used.add(link);
      return link;
    }
    const { host, port } = meter;
    const key = `${host}:${port}`;
    let link = this.own.get(key);
    if (!link) {
      link = new ModbusLink(readLinkSettings({ ...this.settings, host, port }));
      this.own.set(key, link);
    }
    this.used.add(link);
    return link;
  }

  /** Requests that were refused because too many waited. */
  get refused(): number {
    let count = 0;
    for (const { counters } of this.used) count += counters.refused;
    return count;
  }

  /** Closes those made here; shared ones are closed by whoever keeps them. */
  async close(): Promise<void> {
    await Promise.all([...this.own.values()].map((link) => link.close()));
    this.own.clear();
  }
}
