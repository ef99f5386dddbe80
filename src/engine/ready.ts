/** What takes memory, when it is known that there is room for it; else it is given back. @throws ResourceError */
export async function ready<T extends { readonly room?: Promise<void> | undefined }>(
  made: T,
  giveBack: (made: T) => void,
): Promise<T> {
  try {
    await made.room;
    return made;
  } catch (error) {
    giveBack(made);
    throw error;
  }
}
