/**
 * What a look at a path gives, or undefined where nothing is there. Any other error (no permission, a loop of links)
 * is thrown: what cannot be looked at is not missing.
 */
export async function unlessMissing<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
