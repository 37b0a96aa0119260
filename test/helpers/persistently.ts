/** Tries again whatever may be tried again, as a workflow does. */
export async function persistently<T>(act: () => Promise<T>, tries = 6): Promise<T> {
  for (let left = tries; ; left -= 1) {
    try {
      return await act();
    } catch (error) {
      if (left === 0 || (error instanceof Error && error.name === 'EngineFailed')) throw error;
    }
  }
}
