import { registerNode } from '../../src/panel/register';
import { readEndpointSettings } from '../../src/publishing/endpoint';

registerNode('scada-endpoint', {
  settings: {
    protocol: { value: 'mqtt' },
    url: { value: 'mqtt://127.0.0.1:1883', required: true },
    tls: { value: '', type: 'tls-config', required: false },
    clientId: { value: '' },
  },
  credentials: { username: { type: 'text' }, password: { type: 'password' } },
  read: (settings) => readEndpointSettings(settings),
});
