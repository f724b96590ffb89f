import { FieldError } from '../record';
import { tlsReason } from '../shared/tls-reasons';

/** Faults of the wire by the field's names, each with what to check first. */

export interface Fault {
  code: string;
  text: string;
  hint: string;
}

/** Exception codes of the Modbus application protocol V1.1b3, section 7, as they show in the field. */
const EXCEPTIONS: Record<number, [text: string, hint: string]> = {
  1: [
    'illegal function',
    'The meter does not know the function code: check that the profile fits the device.',
  ],
  2: [
    'illegal data address',
    'The register map differs: check the profile, and whether a firmware update changed the map.',
  ],
  3: ['illegal data value', 'The meter refuses this count or value: check the range of the register.'],
  4: ['device failure', 'The meter reports a failure of its own: look at its display or its event log.'],
  5: ['acknowledge', 'The meter needs longer than usual: poll it less often.'],
  6: ['device busy', 'Another master keeps the meter busy: poll it less often.'],
  7: ['negative acknowledge', 'The meter cannot do what was asked: check that the profile fits the device.'],
  8: ['memory parity error', 'The meter found its memory damaged: it wants service.'],
  10: [
    'gateway path unavailable',
    'The gateway has no port for this unit: check the unit id and its routing.',
  ],
  11: [
    'gateway target device failed to respond',
    'The meter behind the gateway is silent: check unit id, wiring, baud rate and power of the meter.',
  ],
};

const TIMEOUT: Fault = {
  code: 'TIMEOUT_ERROR',
  text: 'no answer in time',
  hint: 'Check power, address and unit id of the meter, and that a firewall lets port 502 through.',
};
const DAMAGED: Fault = {
  code: 'CRC_ERROR',
  text: 'the answer is damaged',
  hint: 'Check termination, shielding against EMI, and that the baud rate is the same at both ends.',
};
const SHORT: Fault = {
  code: 'SHORT_FRAME',
  text: 'the answer broke off, or is not as long as asked for',
  hint: 'Check the gateway and its load: it hands on answers before they are whole.',
};
const WRONG_UNIT: Fault = {
  code: 'WRONG_UNIT',
  text: 'another unit answered',
  hint: 'Check that unit ids are not given twice, and that no second master talks on the line.',
};
const WRONG_TRANSACTION: Fault = {
  code: 'WRONG_TRANSACTION',
  text: 'the answer has the number of another question',
  hint: 'Check whether a second master uses the gateway: it mixes up whose answer is whose.',
};
const WRONG_ANSWER: Fault = {
  code: 'WRONG_ANSWER',
  text: 'the answer does not belong to the question',
  hint: 'Check that no second master talks on the line and that unit ids are not given twice.',
};
const LATE: Fault = {
  code: 'LATE_ANSWER',
  text: 'an answer to an earlier question came',
  hint: 'Raise the timeout of the link: a device or gateway answers later than it allows.',
};
const NOISE: Fault = {
  code: 'NOISE',
  text: 'bytes came that make no frame',
  hint: 'Check baud rate and parity, termination and biasing of the line, and shielding against EMI.',
};
const OTHER_MASTER: Fault = {
  code: 'OTHER_MASTER',
  text: 'somebody else asks meters on this line',
  hint: 'Only one master may poll a serial line: switch the other one off, or put a gateway in front of both.',
};
const REFUSED: Fault = {
  code: 'CONNECTION_REFUSED',
  text: 'nobody listens there',
  hint: 'Check address and port of the meter or gateway, and whether it takes another connection.',
};
const UNREACHABLE: Fault = {
  code: 'HOST_UNREACHABLE',
  text: 'there is no way to that address',
  hint: 'Check the address, the network cable, and the route to the network of the meter.',
};
const LOST: Fault = {
  code: 'CONNECTION_LOST',
  text: 'the connection was cut',
  hint: 'Check whether the device allows more than one connection, and how long it keeps an idle one.',
};

const TLS_HINT =
  'Check the TLS settings of the link, and the port: devices with Modbus/TCP Security listen on 802.';

const LINE_FAULTS = {
  CRC_ERROR: DAMAGED,
  SHORT_FRAME: SHORT,
  WRONG_UNIT,
  LATE_ANSWER: LATE,
  NOISE,
  OTHER_MASTER,
} as const;

/** What came over a serial line instead of an answer. */
export class LineFault extends Error {
  override name = 'LineFault';
  constructor(readonly faultCode: keyof typeof LINE_FAULTS) {
    super(LINE_FAULTS[faultCode].text);
  }
}

/** The device answers, but not so that what was wanted of it can be done. */
export class DeviceError extends Error {
  override name = 'DeviceError';
  constructor(
    readonly faultCode: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** A write that the settings of the link do not allow: nothing was sent. */
export class WriteRefused extends FieldError {
  /**
   * @param field that asked for it, where a flow did
   * @param allowed what may be written, in words
   */
  constructor(
    field: string,
    allowed: string,
    readonly register: number,
  ) {
    super(field, allowed, register);
  }

  get fault(): Fault {
    return {
      code: 'WRITE_REFUSED',
      text: `this would write register ${this.register}, which the link does not allow`,
      hint: 'Turn off reading of waveforms and event logs for this meter, whose pointers must be written, or allow this register at the modbus-link.',
    };
  }
}

/** It was waited for less than the timeout of the link: a slow device would have needed longer. */
export function isGivenUpEarly(error: unknown): boolean {
  return (error as { isEarly?: boolean } | undefined)?.isEarly === true;
}

/** The other side answered with an exception. */
export function isException(error: unknown): boolean {
  return (error as { modbusCode?: number } | undefined)?.modbusCode !== undefined;
}

/** The meter answered, and refused: exceptions but those of a gateway that speaks of a silent meter. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof DeviceError || error instanceof WriteRefused) return true;
  const code = (error as { modbusCode?: number } | undefined)?.modbusCode;
  return code !== undefined && code !== 10 && code !== 11;
}

/** Nothing came that could be an answer: whoever asks again costs the others the same time once more. */
export function isSilence(error: unknown): boolean {
  return isLinkDown(error) || SILENT.has(faultOf(error).code);
}

/** There was no connection: the fault is that of the link and of all meters behind it. */
export function isLinkDown(error: unknown): boolean {
  return (error as { linkDown?: boolean } | undefined)?.linkDown === true;
}

const SILENT = new Set(
  [TIMEOUT, REFUSED, UNREACHABLE, LOST]
    .map(({ code }) => code)
    .concat('MODBUS_EXCEPTION_10', 'MODBUS_EXCEPTION_11'),
);

interface WireError {
  modbusCode?: number;
  name?: string;
  code?: string;
  errno?: string;
  message?: string;
  /** Bytes that came without making a frame. */
  rest?: number;
  /** An answer with another number came. */
  foreign?: boolean;
}

/** What an error of the link means. */
export function faultOf(error: unknown): Fault {
  if (error instanceof DeviceError) return { code: error.faultCode, text: error.message, hint: error.hint };
  if (error instanceof WriteRefused) return error.fault;
  if (error instanceof LineFault) return LINE_FAULTS[error.faultCode];
  const e = (error ?? {}) as WireError;
  const message = e.message || String(error);
  if (typeof e.modbusCode === 'number') {
    const [text, hint] = EXCEPTIONS[e.modbusCode] ?? ['unknown exception', 'See the manual of the meter.'];
    return { code: `MODBUS_EXCEPTION_${e.modbusCode}`, text: `exception ${e.modbusCode}: ${text}`, hint };
  }
  if (e.rest) return SHORT;
  if (e.foreign) return WRONG_TRANSACTION;
  if (e.name === 'TransactionTimedOutError' || e.errno === 'ETIMEDOUT' || e.code === 'ETIMEDOUT')
    return TIMEOUT;
  const tls = tlsReason(e.code) ?? (/^ERR_(SSL|TLS)/.test(e.code ?? '') ? message.slice(0, 200) : undefined);
  if (tls) return { code: 'TLS_ERROR', text: `no secure connection: ${tls}`, hint: TLS_HINT };
  if (/CRC/i.test(message)) return DAMAGED;
  if (e.code === 'ECONNREFUSED') return REFUSED;
  if (e.code === 'EHOSTUNREACH' || e.code === 'ENETUNREACH' || e.code === 'ENOTFOUND') return UNREACHABLE;
  if (e.code === 'ECONNRESET' || e.code === 'EPIPE' || e.name === 'PortNotOpenError') return LOST;
  if (/Data length error/i.test(message)) return SHORT;
  if (/Unexpected data error, expected address/i.test(message)) return WRONG_UNIT;
  if (/Unexpected data error/i.test(message)) return WRONG_ANSWER;
  return {
    code: 'LINK_ERROR',
    text: message.slice(0, 200),
    hint: 'Check cable, address and port of the meter or gateway.',
  };
}
