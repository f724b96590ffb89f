/**
 * What only an open panel needs, and is too large for every start of the editor: served by Node-RED from
 * `resources/` of the package.
 */
export async function resource<T>(name: 'tables' | 'desk'): Promise<T> {
  const url = new URL(`resources/node-red-contrib-power-quality/${name}.js`, document.baseURI).href;
  return (await import(url)) as T;
}
