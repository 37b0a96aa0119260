/** All items of a list that comes by pages. */
export async function everyPage<T>(
  ask: (
    token: string | undefined,
  ) => Promise<{ readonly items: readonly T[]; readonly next: string | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  for (let token: string | undefined; ;) {
    const { items, next } = await ask(token);
    all.push(...items);
    if (next === undefined || next === '') return all;
    token = next;
  }
}
