import type { Session } from './session.ts';

/** What takes memory, when it is known that there is room for it; else it is closed. @throws ResourceError */
export async function ready<T extends Pick<Session, 'room' | 'close'>>(made: T): Promise<T> {
  try {
    await made.room;
    return made;
  } catch (error) {
    made.close();
    throw error;
  }
}
