import assert from 'node:assert/strict';
import { RunTimeValues } from '../../src/shared';

/** A context and an environment, as a wrapper asks Node-RED for them. */
function world(held: Record<string, unknown>) {
  return (text: string, source: string, message?: object) =>
    source === 'msg' ? (message as Record<string, unknown> | undefined)?.[text] : held[`${source}.${text}`];
}

describe('values that come at run time', () => {
  const settings = {
    sag: 'limit',
    sagType: 'flow',
    swell: '1.2',
    swellType: 'num',
    nominal: 'V',
    nominalType: 'env',
  };

  it('are in the settings, those given in the panel as they stand, those that are not there left out', () => {
    const values = new RunTimeValues(settings, world({ 'flow.limit': 0.85 }));
    const { sag, swell, nominal } = values.settings();
    assert.deepEqual({ sag, swell, nominal }, { sag: 0.85, swell: '1.2', nominal: undefined });
  });

  it('of flows of before, which say nothing of where they come from, are those given', () => {
    const values = new RunTimeValues({ sag: 0.9 }, world({}));
    assert.deepEqual(values.settings(), { sag: 0.9 });
    assert.equal(values.changed({}), undefined);
  });

  it('are told when they change, once they were taken no more, and again while they were refused', () => {
    const held: Record<string, unknown> = { 'flow.limit': 0.85, 'env.V': 230 };
    const values = new RunTimeValues(settings, world(held));
    values.settings();
    assert.equal(values.changed({}), undefined);
    held['flow.limit'] = 0.8;
    held['env.V'] = 120;
    assert.deepEqual(values.changed({}), { sag: 0.8 }, 'the environment does not change while it runs');
    assert.deepEqual(values.changed({}), { sag: 0.8 }, 'not taken yet');
    values.taken({ sag: 0.8 });
    assert.equal(values.changed({}), undefined);
    held['flow.limit'] = undefined;
    assert.equal(values.changed({}), undefined, 'what is gone changes nothing');
  });

  it('come with a message where the panel says so', () => {
    const values = new RunTimeValues({ sag: 'limit', sagType: 'msg' }, world({}));
    assert.equal(values.settings().sag, undefined);
    assert.deepEqual(values.changed({ limit: 0.7 }), { sag: 0.7 });
  });

  it('from nowhere are refused', () => {
    assert.throws(
      () => new RunTimeValues({ sag: 1, sagType: 'jsonata' }, world({})),
      /settings.sagType: expected one of num, str, msg, flow, global, env, got "jsonata"/,
    );
  });
});
