import type { PanelNode } from './form';
import type { OpenForm } from './register';
import { reasonOf, words } from './words';

// The part of the editor's page that is used here.
declare const $: {
  ajax(options: object): Promise<unknown>;
};

/** What a test found. */
export interface Found {
  ok: boolean;
  /** Key under `test.found` in the catalogue of the panels. */
  found: string;
  values?: Record<string, unknown>;
  /** What was wrong, and what to check. */
  reason?: string;
}

/**
 * A row with a button that tries the settings as they stand.
 * @param fields further numbers that a test asks for, with their defaults
 */
export function testRow(type: string, fields: Record<string, number> = {}): string {
  const inputs = Object.entries(fields).map(
    ([name, value]) =>
      `<label class="pq-inline">${`<span data-pq="test.${name}"></span>`} <input type="text" inputmode="decimal" class="pq-number pq-short" id="${type}-test-${name}" value="${value}"></label>`,
  );
  return [
    `<div class="form-row pq-test"><button type="button" class="red-ui-button" id="${type}-test"><i class="fa fa-plug"></i> <span data-pq="test.button"></span></button>`,
    ...inputs,
    `<div class="pq-found" id="${type}-test-found" role="status" aria-live="polite"></div></div>`,
  ].join(' ');
}

/** Makes the button of {@link testRow} work: what stands in the fields is sent to the runtime, which really tries it. */
export function testButton(type: string, node: PanelNode, form: OpenForm): void {
  const button = document.getElementById(`${type}-test`) as HTMLButtonElement;
  const place = document.getElementById(`${type}-test-found`) as HTMLElement;
  const show = (found?: Found) => {
    place.classList.toggle('pq-good', found?.ok === true);
    place.classList.toggle('pq-bad', found?.ok === false);
    if (!found) return;
    const text = words(`test.${found.found}`, found.values);
    place.textContent = found.reason ? `${text}: ${found.reason}` : text;
  };
  button.addEventListener('click', async () => {
    button.disabled = true;
    show();
    place.textContent = words('test.trying');
    const extra: Record<string, string> = {};
    for (const input of document.querySelectorAll<HTMLInputElement>(`input[id^="${type}-test-"]`)) {
      extra[input.id.slice(type.length + 6)] = input.value;
    }
    try {
      const data = JSON.stringify({
        id: node.id,
        settings: form.values(),
        credentials: form.credentials(),
        ...extra,
      });
      show(
        (await $.ajax({ url: `${type}/test`, type: 'POST', data, contentType: 'application/json' })) as Found,
      );
    } catch (error) {
      const { status } = error as { status?: number };
      const reason = status === undefined ? reasonOf(error) : `HTTP ${status}`;
      show({ ok: false, found: 'failed', reason });
    } finally {
      button.disabled = false;
    }
  });
}
