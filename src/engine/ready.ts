import type { Session } from './session.ts';

/** A session when it is known that there is room for it; else it is closed. @throws ResourceError */
export async function ready(session: Session): Promise<Session> {
  try {
    await session.room;
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}
