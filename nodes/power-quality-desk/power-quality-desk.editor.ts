import type { mount } from '../../src/panel/desk';
import css from '../../src/panel/panel.css';
import { resource } from '../../src/panel/resources';
import { words } from '../../src/panel/words';

// The parts of the editor that are used here.
declare const RED: {
  plugins: { registerPlugin(id: string, definition: object): void };
  sidebar: { addTab(options: object): void };
  comms: Parameters<typeof mount>[1];
  actions: { add(name: string, act: () => void, options?: object): void };
};

// Styles that all panels share: they are there before the first panel opens.
const style = document.createElement('style');
style.textContent = css;
document.head.append(style);

RED.plugins.registerPlugin('power-quality-desk', {
  type: 'power-quality',
  onadd() {
    const content = document.createElement('div');
    content.style.height = '100%';
    let desk: ReturnType<typeof mount> | undefined;
    let loading = false;
    RED.sidebar.addTab({
      id: 'power-quality',
      label: words('tab.label'),
      name: words('tab.name'),
      iconClass: 'fa fa-line-chart',
      content,
      enableOnEdit: true,
      action: 'power-quality:show-tab',
      // What the tab needs is fetched when it is looked at for the first time.
      onchange() {
        if (desk) return desk.shown();
        if (loading) return;
        loading = true;
        void resource<{ mount: typeof mount }>('desk').then((loaded) => {
          desk = loaded.mount(content, RED.comms);
          new ResizeObserver(() => desk?.resized()).observe(content);
        });
      },
    });
    RED.actions.add('power-quality:show-tab', () => {
      (RED.sidebar as unknown as { show(id: string): void }).show('power-quality');
    });
  },
});
