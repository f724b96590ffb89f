import { readLinkSettings } from '../../src/metering/link-settings';
import { registerNode } from '../../src/panel/register';
import { testButton, testRow } from '../../src/panel/test-button';

const SERIAL = ['serialPort', 'baudRate', 'dataBits', 'parity', 'stopBits'];
const NETWORK = ['host', 'port', 'tls'];

registerNode('modbus-link', {
  settings: {
    transport: { value: 'tcp', icon: 'exchange', choices: ['tcp', 'rtu-over-tcp', 'rtu'] },
    host: { value: '', icon: 'globe', placeholder: '192.168.1.10' },
    port: { value: 502, icon: 'random' },
    tls: { value: '', type: 'tls-config', required: false, icon: 'lock' },
    serialPort: { value: '', icon: 'usb', placeholder: '/dev/ttyUSB0', offers: true },
    baudRate: { value: 9600, icon: 'tachometer' },
    dataBits: { value: 8, icon: 'ellipsis-h', choices: [8, 7] },
    parity: { value: 'none', icon: 'check', choices: ['none', 'even', 'odd'] },
    stopBits: { value: 1, icon: 'stop', choices: [1, 2] },
    timeout: { value: 1000, icon: 'clock-o' },
    retries: { value: 3, icon: 'repeat' },
    readOnly: { value: false, icon: 'lock' },
    writable: { value: '', icon: 'pencil', placeholder: '4099, 40000-40010' },
    gap: { value: 0, icon: 'pause', below: testRow('modbus-link', { unit: 1 }) },
  },
  sound: { host: 'meter', serialPort: '/dev/ttyUSB0' },
  read: (settings) => readLinkSettings(settings),
  open(node, form) {
    // Only the fields of the chosen transport are shown.
    const show = () => {
      const serial = form.values().transport === 'rtu';
      for (const name of SERIAL) $(`#modbus-link-row-${name}`).toggle(serial);
      for (const name of NETWORK) $(`#modbus-link-row-${name}`).toggle(!serial);
    };
    form.onChange(show);
    testButton('modbus-link', node, form);
    void offerSerialPorts();
  },
});

/** The ports of the machine that Node-RED runs on, to choose from; any other may be typed. */
async function offerSerialPorts(): Promise<void> {
  const list = document.getElementById('node-config-input-serialPort-offers');
  const ports = (await $.getJSON('modbus-link/serial-ports')) as { path: string; label: string }[];
  list?.replaceChildren(...ports.map(({ path, label }) => new Option(label || path, path)));
}
