import { readLinkSettings } from '../../src/metering/link-settings';
import { registerNode } from '../../src/panel/register';

const SERIAL = ['serialPort', 'baudRate', 'dataBits', 'parity', 'stopBits'];
const NETWORK = ['host', 'port'];

registerNode('modbus-link', {
  settings: {
    transport: { value: 'tcp' },
    host: { value: '' },
    port: { value: 502 },
    serialPort: { value: '' },
    baudRate: { value: 9600 },
    dataBits: { value: 8 },
    parity: { value: 'none' },
    stopBits: { value: 1 },
    timeout: { value: 1000 },
    retries: { value: 3 },
    gap: { value: 0 },
  },
  read: (settings) => readLinkSettings(settings),
  open() {
    // Only the fields of the chosen transport are shown.
    const transport = $('#node-config-input-transport');
    const show = () => {
      const serial = transport.val() === 'rtu';
      for (const name of SERIAL) $(`#modbus-link-row-${name}`).toggle(serial);
      for (const name of NETWORK) $(`#modbus-link-row-${name}`).toggle(!serial);
    };
    transport.on('change', show);
    show();
    void offerSerialPorts();
  },
});

/** The ports of the machine that Node-RED runs on, to choose from; any other may be typed. */
async function offerSerialPorts(): Promise<void> {
  const list = document.getElementById('modbus-link-serial-ports');
  const ports = (await $.getJSON('modbus-link/serial-ports')) as { path: string; label: string }[];
  list?.replaceChildren(...ports.map(({ path, label }) => new Option(label || path, path)));
}
