import { FILE_DEFAULTS as D, readFileSettings } from '../../src/files/settings';
import { registerNode } from '../../src/panel/register';
import { dropPlace, fileView, viewPlace } from './file-view.editor';

// The parts of the editor that are used here.
declare const RED: { notify(text: string, type: string): void };
declare const $: { ajax(options: object): Promise<unknown> };

registerNode('pq-file', {
  color: '#b8d0e0',
  inputs: 1,
  outputs: ['records', 'summary'],
  settings: {
    filename: { value: D.filename, icon: 'file-o', placeholder: '/path/to/record.cfg', below: dropPlace },
    atStart: { value: D.atStart, icon: 'play' },
    watch: { value: D.watch, icon: 'folder-open-o', placeholder: '/path/to/folder' },
    existing: { value: D.existing, icon: 'history' },
    nominal: { value: D.nominal, icon: 'bolt', group: 'record' },
    meter: { value: D.meter, icon: 'tachometer' },
    encoding: { value: D.encoding, icon: 'font', placeholder: 'windows-1251' },
    channels: { value: D.channels, icon: 'list-ol', placeholder: 'va=1, vb=2, vc=3', below: viewPlace },
  },
  read: (settings) => readFileSettings(settings),
  open: fileView,
  press(node) {
    if (!node.filename) {
      RED.notify(node._('pq-file.view.none'), 'warning');
      return;
    }
    const failed = () => RED.notify(node._('pq-file.view.notRead'), 'error');
    $.ajax({
      url: `pq-file/${node.id}/read`,
      type: 'POST',
      data: '{}',
      contentType: 'application/json',
    }).then(undefined, failed);
  },
});
