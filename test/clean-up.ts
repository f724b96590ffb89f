type Step = () => Promise<unknown> | unknown;

/**
 * What a test has opened is closed after it, the last first. Called once at the top of a test file.
 * @returns takes what is to be done
 */
export function cleanUpAfterEach(): (...steps: Step[]) => void {
  const waiting: Step[] = [];
  afterEach(async () => {
    for (const step of waiting.splice(0).reverse()) await step();
  });
  return (...steps) => {
    waiting.push(...steps);
  };
}
