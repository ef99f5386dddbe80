/** Why a script is not the engine's; undefined where it is, and is only slow, or where nobody can tell. */
export async function whyOther(script: URL): Promise<Error | undefined> {
  const text = await fetch(script).then(
    (response) => response.text(),
    () => undefined,
  );
  if (text === undefined || text.includes('thimble')) return undefined;
  return new Error(`${script.href} is ${text.trim() === '' ? 'empty' : 'another script'}`);
}
