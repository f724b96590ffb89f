/** The child's end of {@link startChild}: answers each call by name, and ends with its parent. */
export function serve(calls: Record<string, (...args: never[]) => unknown>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ id, call, args }: { id: number; call: string; args: never[] }) => {
    void (async () => {
      try {
        process.send?.({ id, result: await calls[call](...args) });
      } catch (error) {
        process.send?.({ id, error: (error as Error).stack });
      }
    })();
  });
}

/** ms on a clock that all processes of the machine share. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
